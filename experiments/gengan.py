"""What GenGAN hides, by its published weights and Griffin-Lim: the figures of docs/systems/gengan.md.

python -m experiments.gengan --data ../shared/data/dev [--state ../shared/golden/gengan/state.safetensors]

Read speech of LibriSpeech and speechocean762, as listed in the folder's manifest.csv. --state: the published weights in
one file of tensors, netG.* and gendernet.*; else those of the weight store. Ten minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import gengan_networks, pitch, pool, speaker_encoder, tensors
from anonymizers.gengan import GenGan
from anonymizers.gengan_networks import Networks
from anonymizers.nn import gender_net, hifigan, unet_filter
from anonymizers.runner import check_params
from audio.clip import Clip, decode
from evaluation import corpus_manifest
from evaluation.corpus import Utterance
from evaluation.predicted_quality import predicted_quality
from training.cards import table

IN_ITS_TRAINING = frozenset({"ls-19", "ls-26", "ls-27", "ls-4088", "ls-4406", "ls-5652", "ls-8226"})
"""Readers of train-clean-100 among those of whom there are several clips."""
FOLDS = 10


@dataclass(frozen=True)
class Group:
    """Clips judged together: of the folder `part` of the data, so many of each speaker."""

    title: str
    part: str
    clips_a_speaker: int


GROUPS = (
    Group("LibriSpeech train-clean-100, which GenGAN learnt from", "pool/librispeech", 1),
    Group("LibriSpeech dev-clean", "read/librispeech", 4),
    Group("speechocean762", "read/speechocean762", 2),
)
CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "as published": {},
    "without the network": {},
    "repeated to 16.7 s": {"fill": "repeat"},
    "pitch kept": {"pitch": "kept"},
}


@dataclass(frozen=True, eq=False)
class Heard:
    """What judges say of one clip: `vector` is (192,), of unit length."""

    sex: str
    speaker: str
    vector: np.ndarray
    nearest: str
    to_gender_net: float
    median_f0_hz: float
    quality: float


def networks_of(state: Path | None) -> Networks:
    """The published generator and judge, of that file or of the weight store."""
    if state is None:
        return gengan_networks.published("griffin-lim")
    from safetensors.torch import load_file

    both = hifigan.folded(load_file(state))

    def filled(module: Any, prefix: str) -> Any:
        own = {name.removeprefix(prefix): one for name, one in both.items() if name.startswith(prefix)}
        return tensors.fill(module, own, state)

    return Networks(filled(unet_filter.network(), "netG."), None, filled(gender_net.network(), "gendernet."))


def chosen(utterances: Sequence[Utterance], root: Path, group: Group) -> list[Utterance]:
    """The first clips of each speaker of the group."""
    found: dict[str, list[Utterance]] = {}
    for one in utterances:
        of_part = one.path.relative_to(root).as_posix().startswith(group.part)
        if of_part and (group.clips_a_speaker == 1 or one.speaker not in IN_ITS_TRAINING):
            found.setdefault(one.speaker, []).append(one)
    return [one for ones in found.values() for one in ones[: group.clips_a_speaker]]


def sounds(clip: Clip, networks: Networks, seed: int) -> Iterator[tuple[str, Clip]]:
    """The clip itself, then under each condition."""
    yield "original", clip
    for name, given in CONDITIONS.items():
        generator = unchanged if name == "without the network" else networks.generator
        params = check_params(GenGan.info, {"phase": "griffin-lim", **given})
        yield name, GenGan(partial(only, generator)).anonymize(clip, seed=seed, **params).clip


def unchanged(scaled: Any, noise: Any) -> Any:
    """In the generator's place, to hear what all the rest does."""
    return scaled


def only(generator: Any, phase: str) -> Networks:
    """No vocoder, no judge."""
    return Networks(generator)


def heard(clip: Clip, one: Utterance, judge: Any) -> Heard:
    """What judges say who learnt from unprotected speech."""
    cut = gender_net.windows(clip.samples)
    female = gender_net.femininity(judge, cut)[~gender_net.pauses(cut)]
    vector = speaker_encoder.embed(clip)
    f0_hz = pool.f0_statistics(pitch.track(clip.samples).f0_hz)[0]
    nearest = pool.nearest_sex(pool.load(), vector)
    quality = predicted_quality(clip)["OVRL"].value
    return Heard(one.sex, one.speaker, vector, nearest, float(female.mean()), f0_hz, quality)


def learnt(ones: Sequence[Heard]) -> np.ndarray:
    """Whom an attacker takes for a woman who learnt from other speakers' clips under the same condition, bool (n,):
    logistic regression on the vectors."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    attacker = LogisticRegression(C=10, max_iter=2_000, class_weight="balanced")
    sexes, speakers = [one.sex for one in ones], [one.speaker for one in ones]
    folds = GroupKFold(min(FOLDS, len(set(speakers))))
    said = cross_val_predict(attacker, np.stack([one.vector for one in ones]), sexes, groups=speakers, cv=folds)
    return np.asarray(said) == "F"


def row(name: str, ones: Sequence[Heard], originals: Sequence[Heard]) -> dict[str, str]:
    """What became of the clips under one condition."""
    women = np.array([one.sex == "F" for one in ones])
    answers = {
        "to_gender_net": np.array([one.to_gender_net > 0.5 for one in ones]),
        "nearest": np.array([one.nearest == "F" for one in ones]),
        "learnt": learnt(ones),
    }
    right = [f"{np.mean(said[women]):.0%} / {np.mean(~said[~women]):.0%}" for said in answers.values()]
    f0_hz = np.array([one.median_f0_hz for one in ones])
    cosine = np.mean([one.vector @ before.vector for one, before in zip(ones, originals, strict=True)])
    quality = np.nanmean([one.quality for one in ones])
    medians = f"{np.nanmedian(f0_hz[women]):.0f} / {np.nanmedian(f0_hz[~women]):.0f}"
    return dict(zip(HEADS, [name, *right, medians, f"{cosine:.2f}", f"{quality:.2f}"], strict=True))


HEADS = {
    "condition": "",
    "gender_net": "GenderNet",
    "nearest": "nearest speakers",
    "learnt": "learnt from it",
    "f0": "F0, Hz",
    "cosine": "cosine",
    "quality": "OVRL",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print a table a group, and one of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with a manifest.csv")
    parser.add_argument("--state", type=Path, help="the published weights in one file of tensors")
    given = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(1)
    networks, spoken = networks_of(given.state), corpus_manifest.load(given.data)
    if networks.judge is None:
        file = gengan_networks.JUDGE.place / gengan_networks.JUDGE.files[0].name
        print(f"GenderNet was expected, but it is not here: put VOICEVEIL_MODELS/{file}.", file=sys.stderr)
        return 1
    every: dict[str, list[Heard]] = {}
    for group in GROUPS:
        found: dict[str, list[Heard]] = {}
        for seed, one in enumerate(chosen(spoken.utterances, spoken.root, group)):
            for name, clip in sounds(decode(one.path).clip.resampled(16_000), networks, seed):
                found.setdefault(name, []).append(heard(clip, one, networks.judge))
        show(group.title, found)
        for name, ones in found.items():
            every.setdefault(name, []).extend(ones)
    show("All", every)
    return 0


def show(title: str, found: Mapping[str, Sequence[Heard]]) -> None:
    """Print the table of a group."""
    originals = found["original"]
    women = sum(one.sex == "F" for one in originals)
    print(f"\n{title}: {women} clips of women, {len(originals) - women} of men\n")
    print(table([row(name, ones, originals) for name, ones in found.items()], HEADS), flush=True)


if __name__ == "__main__":
    sys.exit(main())
