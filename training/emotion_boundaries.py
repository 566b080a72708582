"""python -m training emotion-boundaries: where among speaker vectors the voices of an emotion lie.

One linear support vector machine an emotion, against all others, as published (scikit-learn's SVC with its defaults).
Folds leave speakers out: as many as there are speakers up to ten, else five, of which each learns from about 80 % of
the speakers. "all" learns from everybody. The published boundaries learnt from 80 % of the utterances, whoever spoke.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymizers import ecapa, speaker_encoder, weights, weights_ready
from anonymizers import emotion_compensation as compensation
from anonymizers.base import AnonymizerError
from anonymizers.emotion_compensation import ALL, EMOTIONS, SIGNS, scaled
from anonymizers.pool_from_speech import Embed
from audio.clip import decode
from training import cards, common, emotion_boundaries_card

SUMMARY = "where among speaker vectors voices sound angry, happy, neutral, sad (linear SVMs)"
EXAMPLE = "example: python -m training emotion-boundaries --encoder house --data ../shared/data/dev --out assets/models"
MOST_SPEAKERS_ALONE = 10
FOLDS = 5
LEAST_SPEAKERS = 3
SOURCES = (
    "anonymizers/emotion_compensation.py", "anonymizers/speaker_encoder.py", "training/emotion_boundaries.py",
    "training/emotion_boundaries_card.py",
)  # fmt: skip
Doubles = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Acted:
    """Clips that act one of EMOTIONS: vectors (n, d); emotion, speaker and digest of each, (n,)."""

    vectors: Doubles
    emotions: Words
    speakers: Words
    digests: Words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--encoder", choices=compensation.ENCODERS, default="house", help="whose vectors")
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv and acted emotions")
    parser.add_argument("--out", type=Path, help="default: assets/models for house, else the weight store")
    parser.add_argument("--seed", type=int, default=8, help="of the intervals on the card")
    parser.add_argument("--note", default="", help="a sentence for the card")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there are no acted emotions, too few speakers, or no encoder.
    """
    utterances = common.read_manifest(options.data, lambda row: row.get("emotion") in EMOTIONS)
    acted = heard(utterances, encoder(options.encoder))
    folds = trained(acted)
    store = weights.home(compensation.weights_of(options.encoder))
    path = (options.out or (Path("assets/models") if options.encoder == "house" else store)) / compensation.FILE
    write(path, options.encoder, acted, folds)
    card = emotion_boundaries_card.made(options.encoder, utterances, cards.making([path], SOURCES), options.note)
    said = predicted(path, acted)
    card |= emotion_boundaries_card.judged(acted.emotions, said, acted.speakers, np.random.default_rng(options.seed))
    common.write_json(path.with_suffix(".json"), card)
    common.save_text(path.with_suffix(".md"), emotion_boundaries_card.markdown(card))
    print(f"held-out UAR {cards.percent(card['uar'])}; written: {path}, .json, .md")
    return 0


def encoder(name: str) -> Embed:
    """What gives a clip's vector; published weights are fetched if they are not here.

    Raises:
        TrainingError: if they cannot be had.
    """
    if name == "house":
        return speaker_encoder.embed
    try:
        if name == "ecapa":
            weights_ready.prepare_weights((ecapa.WEIGHTS,))
            return ecapa.embed
        return _ssl_sas()
    except AnonymizerError as problem:
        raise common.TrainingError(str(problem)) from None


def _ssl_sas() -> Embed:
    from anonymizers import ssl_sas, ssl_sas_networks

    weights_ready.prepare_weights((ssl_sas_networks.ECAPA,))
    embed = ssl_sas_networks.speaker_of("ecapa")
    if embed is None:
        raise common.TrainingError("SSL-SAS's speaker encoder was expected, but it has none: report this fault.")
    return lambda clip: ssl_sas.vector_of(embed, clip.resampled(common.SAMPLE_RATE_HZ))


def heard(utterances: Sequence[common.Utterance], embed: Embed) -> Acted:
    """Every utterance as its speaker's vector.

    Raises:
        TrainingError: if an emotion is acted by fewer than three speakers, a clip cannot be heard, or the encoder is
            not here.
    """
    for emotion in EMOTIONS:
        who = {one.speaker for one in utterances if one.emotion == emotion}
        if len(who) < LEAST_SPEAKERS:
            raise common.TrainingError(
                f"At least {LEAST_SPEAKERS} speakers who act {', '.join(EMOTIONS)} were expected, but {len(who)} act "
                f"{emotion}: add speech to the folder."
            )
    clips = [decode(one.path).clip for one in utterances]
    try:
        vectors = np.stack([embed(clip) for clip in clips]).astype(np.float64)
    except AnonymizerError as problem:
        raise common.TrainingError(str(problem)) from None
    return Acted(
        vectors,
        np.array([one.emotion for one in utterances]),
        np.array([one.speaker for one in utterances]),
        np.array([clip.digest[:16] for clip in clips]),
    )


def trained(acted: Acted) -> dict[str, tuple[Doubles, Doubles]]:
    """Coefficients (emotions, d) and intercepts (emotions,) by fold, named after the first speaker left out; "all"
    last."""
    used = {group[0]: ~np.isin(acted.speakers, group) for group in groups(acted.speakers)}
    return {name: fitted(acted, own) for name, own in {**used, ALL: np.ones(len(acted.speakers), bool)}.items()}


def groups(speakers: Words) -> list[list[str]]:
    """Who is left out together: each alone if they are few, else every fifth of them."""
    names = sorted(set(speakers.tolist()))
    count = len(names) if len(names) <= MOST_SPEAKERS_ALONE else FOLDS
    return [names[place::count] for place in range(count)]


def fitted(acted: Acted, used: npt.NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """The hyperplanes learnt from the clips where `used`, (n,), is true."""
    from sklearn.svm import SVC

    rows = scaled(acted.vectors[used])
    machines = [SVC(kernel="linear").fit(rows, acted.emotions[used] == emotion) for emotion in EMOTIONS]
    return np.stack([one.coef_[0] for one in machines]), np.array([one.intercept_[0] for one in machines])


def write(path: Path, name: str, acted: Acted, folds: dict[str, tuple[Doubles, Doubles]]) -> None:
    """The file that anonymizers/emotion_compensation.py reads."""
    fold_of = {speaker: group[0] for group in groups(acted.speakers) for speaker in group}
    arrays = {
        "encoder": np.array(name),
        "folds": np.array(list(folds)),
        "coefficients": np.stack([w for w, _ in folds.values()]),
        "intercepts": np.stack([c for _, c in folds.values()]),
        "signs": np.array(SIGNS[name]),
        "digests": acted.digests,
        "fold_of": np.array([fold_of[speaker] for speaker in acted.speakers.tolist()]),
    }
    common.save_arrays(path, arrays)
    compensation.load.cache_clear()


def predicted(path: Path, acted: Acted) -> list[str]:
    """What the written file says of each clip, by the fold without its speaker."""
    folds, heard_by = compensation.load(path)
    pairs = zip(acted.digests.tolist(), acted.vectors, strict=True)
    return [folds[heard_by[digest]].predicted(vector) for digest, vector in pairs]
