"""What a speaker pool does before any sound is made: whose sex is guessed, how far pseudo-speakers are, who leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import pitch, speaker_encoder
from anonymizers.pitch_formant import estimated_sex
from anonymizers.pool import Pool, cosine_distances, f0_statistics, nearest_sex
from anonymizers.pool_from_speech import SEX_OF_WORD
from anonymizers.pseudo_speaker import RULES, Gender, draw
from audio.clip import decode
from evaluation.metrics import eer_interval
from evaluation.metrics.bootstrap import mean_interval
from training import cards, verification
from training.common import Utterance

PROTOCOL = (
    "Read speech of speakers of whom neither the pool nor the encoder knows anything. Every utterance gets a "
    "pseudo-speaker of its own, drawn anew. EER: how well the cosine of two pseudo-speakers' vectors tells whether "
    "both are one source's, single utterances of one sex. No sound is made: 50 % says that the choice by itself gives "
    "nobody away, less that it does, however good the system behind it is. Intervals: 95 %, bootstrap over speakers."
)
GENDERS: tuple[Gender, ...] = ("same", "cross")
SEED = 0


@dataclass(frozen=True, eq=False)
class Sources:
    """Utterances, their vectors, float32, shape (n, 192), and median F0 in Hz, (n,), NaN where none was found."""

    utterances: tuple[Utterance, ...]
    vectors: npt.NDArray[np.float32]
    median_f0_hz: npt.NDArray[np.float64]


def judged(pool: Pool, test: Sequence[Utterance]) -> dict[str, Any]:
    """What a test adds to the card; JSON-ready."""
    sources = heard(test)
    return {
        "protocol": PROTOCOL,
        "test_data": cards.data(test),
        "test_speakers": sorted({utterance.speaker for utterance in test}),
        "sex_guessed": sex_guessed(pool, sources),
        "rules": {
            f"{rule}, {gender} sex": rule_figures(pool, sources, rule, gender) for rule in RULES for gender in GENDERS
        },
    }


def heard(test: Sequence[Utterance]) -> Sources:
    """Every utterance's vector and median F0."""
    clips = [decode(utterance.path).clip for utterance in test]
    vectors = np.stack([speaker_encoder.embed(clip) for clip in clips])
    tracks = [pitch.track(clip.resampled(pitch.SAMPLE_RATE_HZ).samples).f0_hz for clip in clips]
    return Sources(tuple(test), vectors, np.array([f0_statistics(f0_hz)[0] for f0_hz in tracks]))


def sex_guessed(pool: Pool, sources: Sources) -> dict[str, Any]:
    """Share of utterances whose labelled sex is guessed, by vector and by pitch, in all and of each sex."""
    true = np.array([utterance.sex for utterance in sources.utterances])
    speakers = np.array([utterance.speaker for utterance in sources.utterances])
    guesses = {
        "speaker vector": [nearest_sex(pool, vector) for vector in sources.vectors],
        "median F0, boundary 165 Hz": [SEX_OF_WORD[estimated_sex(median)] for median in sources.median_f0_hz],
    }
    parts = {"all": true != "", **{f"sex {sex}": true == sex for sex in "FM"}}
    return {
        name: {part: _share(np.array(guess) == true, speakers, kept) for part, kept in parts.items() if kept.any()}
        for name, guess in guesses.items()
    }


def _share(right: npt.NDArray[np.bool_], speakers: npt.NDArray[np.str_], kept: npt.NDArray[np.bool_]) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    found = mean_interval(right[kept].astype(float), speakers[kept], rng=rng, scale="logit")
    ends = [round(float(end), 4) if np.isfinite(end) else None for end in (found.low, found.high)]
    return {"share": round(float(found.value), 4), "interval_95": ends, "utterances": int(kept.sum())}


def rule_figures(pool: Pool, sources: Sources, rule: str, gender: Gender) -> dict[str, Any]:
    """Mean cosine distance of the pseudo-speakers to their sources, and the EER among them (see PROTOCOL)."""
    made = np.stack(
        [
            draw(
                pool, rule, source=vector, source_sex=utterance.sex, gender=gender,
                rng=np.random.default_rng([SEED, place]),
            ).vector
            for place, (utterance, vector) in enumerate(zip(sources.utterances, sources.vectors, strict=True))
        ]
    )  # fmt: skip
    apart = [cosine_distances(one[None], source)[0] for one, source in zip(made, sources.vectors, strict=True)]
    return {"distance_to_source": round(float(np.mean(apart)), 3), **linked(made, sources.utterances)}


def linked(vectors: npt.NDArray[np.float32], utterances: Sequence[Utterance]) -> dict[str, Any]:
    """The EER of single utterances by the cosine of `vectors`, (n, d), with its interval; JSON-ready.

    Cosines are rounded to six digits, so that equal vectors tie whatever the rounding of their lengths.
    """
    trials = verification.trials(utterances)
    found, speakers = verification.scores(vectors, trials).round(6), trials.of("speaker")
    rng = np.random.default_rng(SEED)
    known = eer_interval(found, trials.same, speakers[:, 0], speakers[:, 1], rng=rng)
    value, *ends = (round(float(one), 4) if np.isfinite(one) else None for one in (known.value, known.low, known.high))
    return {"eer": value, "interval_95": ends, "target_trials": int(trials.same.sum()), "note": known.note}
