"""What is said, offline: PocketSphinx with the English models in its wheel."""

from __future__ import annotations

from importlib import metadata

from anonymizers import phones
from anonymizers.base import AnonymizerError, Status
from audio.clip import Clip
from evaluation.recognisers.base import RecogniserError, RecogniserInfo
from evaluation.recognisers.hearing import transcribed


class PocketSphinx:
    """English words, on any machine; a recogniser of the 2000s, so read its differences between systems."""

    info = RecogniserInfo(
        key="pocketsphinx",
        title="PocketSphinx",
        kind="words",
        fidelity="original-weights",
        trained_on="read and broadcast English (cmusphinx en-us 5.x, semi-continuous; 3-gram language model)",
        reference="Huggins-Daines et al., ICASSP 2006; pocketsphinx (BSD)",
        language="en",
        caution="Of 80 clean LibriSpeech clips it gets 30 % of the words wrong, of 80 by Mandarin speakers 74 %: "
        "compare systems, not papers.",
    )

    def version(self) -> str:
        """Of the package, which carries the models."""
        return f"pocketsphinx {metadata.version('pocketsphinx')}"

    def status(self) -> Status:
        """Whether the package is installed."""
        return Status("ready") if phones.available() else Status("unavailable", phones.MISSING_PACKAGE)

    def transcribe(self, clip: Clip) -> str:
        """Words in lower case, "" for silence.

        Raises:
            RecogniserError: if PocketSphinx is missing.
        """
        if clip.is_silent:
            return ""
        try:
            return transcribed(phones.transcribe(clip).text)
        except AnonymizerError as error:
            raise RecogniserError(str(error)) from None
