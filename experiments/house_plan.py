"""What is measured of the house systems: which parameters (cells), on what and by whom (kinds), for which question."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anonymizers import registry, runner
from experiments.paper_001 import LEARNED, READ, SEEN

HOUSE = ("house", "house-knn", "house-stream")
COMPARED = (*HOUSE, "mcadams", "pitch-formant")
ALSO_ATTACKED = ("f0-mean-reversion", "prosody-scaling", "devoiced")
"""Signal processing that is attacked, and nothing else; cascade-offline is in docs/evaluation.md."""
RULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "random mix": {"gender": "any"},
        "random mix, same sex": {"gender": "same"},
        "random mix, cross sex": {"gender": "cross"},
        "random one": {"rule": "random one", "gender": "any"},
        "selec-anon, same sex": {"rule": "selec-anon", "gender": "same"},
        "selec-anon, cross sex": {"rule": "selec-anon", "gender": "cross"},
        "farthest": {"rule": "farthest", "gender": "any"},
        "nearest": {"rule": "nearest", "gender": "any"},
        "fixed": {"rule": "fixed", "gender": "any"},
    }
)
OWN_VOICE = "own voice"
"""Only the vocoder changes anything: what the system hides by itself."""
STYLE = {"f0_alpha": 0.9, "f0_noise_db": 0.0, "f0_levels": 4, "controls": False}
"""What our parameters can change of speaking style: F0's movement, and that spectrum and F0 steer the voice."""
STRENGTHS = (0.5, 0.8, 1.0, 1.5)


@dataclass(frozen=True)
class Cell:
    """A system with parameters; `title`: as tables call it. Equal parameters are one run, whatever the title."""

    title: str
    system: str = "house"
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def changed(self) -> dict[str, Any]:
        """The parameters that differ from the system's defaults, by name."""
        info = registry.info(self.system)
        usual, own = runner.check_params(info, {}), runner.check_params(info, self.params)
        return {name: own[name] for name in sorted(own) if own[name] != usual[name]}

    @property
    def name(self) -> str:
        """Its folder."""
        return re.sub(r"[^\w.=+-]+", "_", "+".join([self.system, *(f"{k}={v}" for k, v in self.changed.items())]))


ORIGINAL = Cell("original", "original")


def main_cells() -> list[Cell]:
    """The systems as they come, and house with pseudo-speakers of either sex."""
    house, *others = (Cell(key, key) for key in COMPARED)
    return [house, Cell("house, any sex", params={"gender": "any"}), *others]


def attacked_cells() -> list[Cell]:
    """Those that are attacked only."""
    return [Cell(key, key) for key in ALSO_ATTACKED]


def rule_cells() -> list[Cell]:
    """Every rule, all else equal, and the voice that is nobody's but the source's."""
    return [Cell(OWN_VOICE, params={"speaker": "original"}), *(Cell(title, params=RULES[title]) for title in RULES)]


def style_cells() -> list[Cell]:
    """Paper 000's question: timbre and speaking style, neither, one, the other, both."""
    timbre: dict[str, Any] = {"speaker": "anonymised", "f0_shift": 0.0}
    return [
        Cell("neither", params={"speaker": "original"}),
        Cell("timbre", params=timbre),
        Cell("timbre and F0 level", params={**timbre, "f0_shift": 1.0}),
        Cell("style", params={"speaker": "original", **STYLE}),
        Cell("timbre and style", params={**timbre, **STYLE}),
        Cell("timbre, style and F0 level", params={**timbre, **STYLE, "f0_shift": 1.0}),
    ]


def ablation_cells() -> list[Cell]:
    """Bottleneck x speaker x controls: 12."""
    every = product(("soft", "vq"), ("none", "original", "anonymised"), (True, False))
    return [
        Cell(
            f"{bottleneck}, {speaker}, {'controls' if controls else 'no controls'}",
            params={"bottleneck": bottleneck, "speaker": speaker, "controls": controls},
        )
        for bottleneck, speaker, controls in every
    ]


def steered_cells() -> list[Cell]:
    """Those of the ablation with controls, which do little to words."""
    return [cell for cell in ablation_cells() if cell.params["controls"]]


def strength_cells() -> list[Cell]:
    """The controls off and at several strengths."""
    cells = [Cell("off", params={"controls": False})]
    return cells + [Cell(f"{strength:g}", params={"control_strength": strength}) for strength in STRENGTHS]


def speech(options: argparse.Namespace, subset: int) -> list[str]:
    """Read speech of dev's speakers who are in no training."""
    asked = ["--data", str(options.data), "--exclude-speakers", SEEN, "--least", "2", "--subset", str(subset)]
    return [*asked, *(word for name in READ for word in ("--corpus", name))]


def attacked(options: argparse.Namespace) -> list[str]:
    """Everybody attacks, with all that can be learned."""
    asked = [*speech(options, options.subset), *judges("house,mfcc,emotion", "none", "none", quality=False)]
    asked += ["--train", str(options.train), "--train-corpus", LEARNED, "--train-subset", str(options.train_subset)]
    return [*asked, "--tune", str(options.tune), "--tune-minutes", str(options.tune_minutes)]


def lazily(options: argparse.Namespace) -> list[str]:
    """Everybody attacks who learns nothing but from the data themselves, on a part of it."""
    asked = [*speech(options, options.small), *judges("house,mfcc,emotion", "none", "none", quality=False)]
    return [*asked, "--no-control"]


def heard(options: argparse.Namespace) -> list[str]:
    """Words and predicted quality, on LibriSpeech: of Mandarin speakers' English PocketSphinx gets 3 of 4 wrong."""
    return _librispeech(options, options.words_subset, quality=True)


def heard_small(options: argparse.Namespace) -> list[str]:
    """Words alone, of fewer clips."""
    return _librispeech(options, options.small_words, quality=False)


def _librispeech(options: argparse.Namespace, subset: int, *, quality: bool) -> list[str]:
    asked = ["--data", str(options.data), "--exclude-speakers", SEEN, "--least", "2", "--subset", str(subset)]
    return [*asked, "--corpus", READ[0], *judges("none", "pocketsphinx", "none", quality=quality)]


def acted(options: argparse.Namespace) -> list[str]:
    """Acted emotions: the four that the recogniser knows, judged by the fold that never heard the speaker."""
    return ["--data", str(options.out / "acted-data"), *judges("none", "none", "house-emotion", quality=False)]


def judges(attackers: str, words: str, emotion: str, *, quality: bool) -> list[str]:
    """Who hears."""
    heard_by = ["--attackers", attackers, "--words", words, "--emotion", emotion]
    return [*heard_by, "--quality", "yes" if quality else "no"]


Asked = Callable[[argparse.Namespace], list[str]]
KINDS: Mapping[str, Asked] = MappingProxyType(
    {
        "attacked": attacked, "words": heard, "acted": acted,
        "words-small": heard_small, "lazy": lazily,
    }
)  # fmt: skip
Part = tuple[tuple[str, Callable[[], list[Cell]]], ...]
PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "main": (("attacked", main_cells), ("words", main_cells), ("acted", main_cells), ("attacked", attacked_cells)),
        "ablation": (
            ("acted", strength_cells), ("acted", ablation_cells), ("lazy", ablation_cells),
            ("words-small", steered_cells),
        ),
        "rules": (("lazy", rule_cells),),
        "timbre-style": (("lazy", style_cells),),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run of `python -m evaluation run`: a cell, a kind, and the folder below the study's."""

    kind: str
    cell: Cell

    def folder(self, out: Path) -> Path:
        return out / self.kind / self.cell.name

    def asked(self, options: argparse.Namespace) -> list[str]:
        """Its arguments."""
        found = ["run", "--systems", self.cell.system, "--out", str(self.folder(options.out))]
        for name, value in self.cell.changed.items():
            found += ["--set", f"{self.cell.system}.{name}={value}"]
        return [*found, *KINDS[self.kind](options), "--jobs", "1", "--replicates", str(options.replicates)]


def jobs_of(parts: tuple[str, ...]) -> Iterator[Job]:
    """All runs of these parts in their order, each once; the originals of a kind before what is made of them."""
    wanted = [Job(kind, cell) for part in parts for kind, cells in PARTS[part] for cell in cells()]
    known = set()
    for job in wanted:
        for one in (Job(job.kind, ORIGINAL), job):
            if (key := (one.kind, one.cell.name)) not in known:
                known.add(key)
                yield one
