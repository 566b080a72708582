"""Speech to text to speech, offline: nothing of the voice passes but the words that were understood."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from anonymizers import phones
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, Status, silent
from anonymizers.speech_synthesis import LANGUAGES, available, draw_voice, synthesise
from anonymizers.speech_synthesis import MISSING_PACKAGE as NO_SYNTHESISER
from audio.clip import Clip

NO_WORDS = (
    "English words were expected, but none were heard in this clip: try one with clear English speech, "
    "or write what it says into the transcript."
)


class CascadeOffline:
    """PocketSphinx's transcript, spoken by espeak-ng in a voice drawn from the seed."""

    info = Info(
        key="cascade-offline",
        title="Cascade (offline)",
        family="Cascade (speech → text → speech)",
        summary="Writes down the words it hears and has a synthetic voice, drawn at random, read them aloud.",
        hides=frozenset({"speaker", "emotion"}),
        reference=(
            "Our own design, in the shape of the Whisper + XTTS cascade (paper 000), with what runs offline in its "
            "place: PocketSphinx hears, espeak-ng speaks. That system's figures are not this one's."
        ),
        fidelity="own-design",
        published=False,
        sample_rate=phones.SAMPLE_RATE_HZ,
        params=(
            Param(
                "transcript", "text", "", "Transcript",
                "What the clip says, to be spoken instead of what is heard. Empty: the words are recognised.",
            ),
        ),
        keeps_timing=False,
        caution=(
            "English only, and it changes words: about 3 in 10 came out wrong on 20 clips of LibriSpeech dev-clean, "
            "8 in 10 on 20 of speakers from China (speechocean762), and rude words can appear that nobody said. Read "
            "the transcript. Voice, rhythm and accent are a machine's; what someone says can still tell who they are."
        ),
        min_duration_s=0.2,
    )  # fmt: skip

    @staticmethod
    def status() -> Status:
        """Unavailable, with the mend, when one of the two packages is not installed."""
        if not phones.available():
            return Status("unavailable", phones.MISSING_PACKAGE)
        if not available():
            return Status("unavailable", NO_SYNTHESISER)
        return Status("ready")

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        given = str(params["transcript"]).strip()
        heard = None if given else phones.transcribe(clip, progress=lambda done, doing: progress(0.9 * done, doing))
        text = heard.text if heard else given
        if not text:
            raise AnonymizerError(NO_WORDS)
        voice = draw_voice(np.random.default_rng(seed))
        progress(0.9, "speaking")
        spoken = synthesise(text, voice)
        progress(1.0, "done")
        return Result(
            spoken,
            self.info.fidelity,
            pseudo_speaker={**asdict(voice), "sex": voice.sex, "accent": LANGUAGES[voice.language]},
            intermediates={"transcript": text, "words": heard.words if heard else ()},
        )
