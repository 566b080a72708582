"""Attackers that guess an attribute, emotion or sex, from whatever machines hear: for systems that hide those.

Two kinds, both never trained on the speakers whom they judge: "fixed" learned from originals, as somebody does who
does not know of the system; "retrained" learned from the system's own output, which only a system that takes the
attribute out of the sound, and not merely moves it, withstands.

They see all embeddings at hand side by side, and the median F0; a logistic regression on standardised features, with
classes weighted alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evaluation.heard import About, Heard
from evaluation.metrics import recognition
from evaluation.metrics.bootstrap import Interval
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.semi_informed import ORIGINAL
from evaluation.recognisers.base import CORE_EMOTIONS

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Attack = Literal["fixed", "retrained"]
ATTACKS: tuple[Attack, ...] = ("fixed", "retrained")
CLASSES: Mapping[str, tuple[str, ...]] = {"emotion": CORE_EMOTIONS, "gender": ("F", "M")}
COLUMNS: Mapping[str, str] = {"emotion": "emotion", "gender": "sex"}
KNOWS: Mapping[Attack, str] = {"fixed": "trained on originals", "retrained": "retrained on the system's output"}
FOLDS = 8
LEAST_SPEAKERS = 2
STRENGTH = 0.01
"""Inverse strength of the regression's penalty: there are hundreds of features, and few speakers."""
SIDES = ("trial", "train")


@dataclass(frozen=True, eq=False)
class Recordings:
    """What is known of n recordings of a system: features (n, d), and labels, speakers, data sets, sexes, (n,) each;
    `tried`: which are judged, the others are learned from alone."""

    features: Floats
    labels: Names
    speakers: Names
    corpora: Names
    sexes: Names
    keys: Names
    tried: npt.NDArray[np.bool_]

    def of(self, chosen: npt.NDArray[np.bool_]) -> Recordings:
        """A part of them, by bools (n,)."""
        return Recordings(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Guess:
    """What an attacker took the recordings of a system for.

    Attributes:
        attacker: what it heard with. said, of: its answers, (n,), and what they are about.
        learned_from: on how many recordings each answer rests at least.
    """

    system: str
    attacker: str
    attack: Attack
    what: str
    said: Names
    of: Recordings
    learned_from: int


def guesses(heard: Heard, about: About, draws: NamedDraws) -> list[Guess]:
    """Every attribute that has labels, for every system and both kinds of attackers."""
    found = []
    for what in CLASSES:
        originals = _recordings(heard, ORIGINAL, what, about)
        for system in dict.fromkeys((ORIGINAL, *about.systems)) if originals else ():
            own = _recordings(heard, system, what, about)
            for attack in ATTACKS if system != ORIGINAL else ATTACKS[:1]:
                learned = originals if attack == "fixed" else own
                rng = draws.rng("attributes", what)
                if own and learned and (answer := _guess(own, learned, what, rng)):
                    found.append(Guess(system, " + ".join(_ears(heard, about)), attack, what, *answer))
    return found


def rows(found: Sequence[Guess], about: About, draws: NamedDraws) -> Iterator[dict[str, Any]]:
    """Rows of the table of figures: UAR and every class's recall, by data set; lower is better for privacy."""
    for guess in found:
        for corpus in dict.fromkeys(guess.of.corpora.tolist()):
            for sex in ("all", "F", "M") if guess.what == "emotion" else ("all",):
                chosen = (guess.of.corpora == corpus) & ((guess.of.sexes == sex) | (sex == "all"))
                if len(set(guess.of.labels[chosen].tolist())) > 1:
                    yield from _figures(guess, chosen, corpus, sex, about, draws)


def confusion_rows(found: Sequence[Guess]) -> Iterator[dict[str, Any]]:
    """Rows of the table of confusions, over all data sets."""
    for guess in found:
        table = recognition.confusion(guess.of.labels.tolist(), guess.said.tolist(), CLASSES[guess.what])
        for i, truth in enumerate(table.classes):
            for j, said in enumerate(table.classes):
                yield {
                    "system": guess.system, "recogniser": guess.attacker, "attack": guess.attack, "what": guess.what,
                    "truth": truth, "said": said, "count": int(table.counts[i, j]), "share": table.shares[i, j],
                }  # fmt: skip


def _figures(
    guess: Guess, chosen: npt.NDArray[np.bool_], corpus: str, sex: str, about: About, draws: NamedDraws
) -> Iterator[dict[str, Any]]:
    used, said = guess.of.of(chosen), guess.said[chosen].tolist()
    truth, speakers = used.labels.tolist(), used.speakers.tolist()
    how: dict[str, Any] = {
        "rng": draws.rng("attribute", guess.what, guess.system, guess.attack, corpus, sex),
        "replicates": draws.replicates,
    }
    cells = {
        "system": guess.system, "level": about.level, "kind": "attribute", "unit": "share", "better": "lower",
        "attacker": guess.attacker, "attack": guess.attack, "protocol": "", "data": corpus, "split": about.split,
        "sex": sex, "speakers": len(set(speakers)), "utterances": len(truth), "trials": 0, "targets": 0,
        "about": f"{guess.what} by {guess.attacker}, {KNOWS[guess.attack]}: {guess.learned_from:,} recordings or more, "
        f"never of the speaker judged; {corpus}{_hidden(guess.system, guess.what)}",
    }  # fmt: skip
    uar = recognition.uar_interval(truth, said, speakers, **how)
    yield {**cells, "metric": "UAR", "group": guess.what, **_estimate(uar)}
    for name, recall in recognition.recall_intervals(truth, said, speakers, **how).items():
        of = {"utterances": truth.count(name), "speakers": len(set(used.speakers[used.labels == name].tolist()))}
        yield {**cells, **of, "metric": "recall", "group": name, **_estimate(recall)}


def _estimate(found: Interval) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "note": found.note}


def _hidden(system: str, what: str) -> str:
    """Whether a figure is one of privacy, in a sentence."""
    from anonymizers import registry

    hides = registry.info(system).hides if system in registry.keys() else frozenset()
    return f"; {system} is meant to hide it" if what in hides else ""


def _ears(heard: Heard, about: About) -> tuple[str, ...]:
    """Attackers that heard the originals, in alphabetical order; what the median F0 adds is not named."""
    return tuple(sorted(key for key in about.attackers if (key, ORIGINAL, "trial") in heard.embeddings))


def _recordings(heard: Heard, system: str, what: str, about: About) -> Recordings | None:
    """Labelled recordings of a system that all attackers heard; None where there are none."""
    ears = _ears(heard, about)
    table = heard.files[(heard.files["system"] == system) & heard.files["side"].isin(SIDES)]
    table = table[table[COLUMNS[what]].isin(CLASSES[what]) & (table["state"] == "done")]
    vectors = {
        (ear, side): dict(zip(part.keys, part.vectors, strict=True))
        for ear in ears for side in SIDES if (part := heard.embeddings.get((ear, system, side))) is not None
    }  # fmt: skip
    kept = [one for one in table.itertuples()
            if ears and all(one.utterance in vectors.get((ear, one.side), {}) for ear in ears)]  # fmt: skip
    if not any(one.side == "trial" for one in kept):
        return None
    features = [np.concatenate([[one.f0_hz], *(vectors[ear, one.side][one.utterance] for ear in ears)]) for one in kept]
    names = {
        name: np.array([getattr(one, column) for one in kept], str)
        for name, column in (("labels", COLUMNS[what]), ("speakers", "speaker"), ("corpora", "corpus"),
                             ("sexes", "sex"), ("keys", "utterance"))
    }  # fmt: skip
    return Recordings(_filled(np.stack(features)), **names, tried=np.array([one.side == "trial" for one in kept]))


def _filled(features: Floats) -> Floats:
    """The first feature, F0 in Hz, as log2; of recordings without voiced frames the median of the others."""
    pitch = features[:, 0]
    known = np.isfinite(pitch) & (pitch > 0)
    logs = np.log2(np.where(known, pitch, 1.0))
    logs = np.where(known, logs, np.median(logs[known]) if known.any() else 0.0)
    return np.nan_to_num(np.column_stack([logs, features[:, 1:]]))


def _guess(
    own: Recordings, learned: Recordings, what: str, rng: np.random.Generator
) -> tuple[Names, Recordings, int] | None:
    """What recordings tried are taken for, and on how many each answer rests at least; None if nobody can say.

    Emotions are learned within a data set, since corpora act and record them differently; sexes from all.
    """
    said, judged, least = [], [], []
    for corpus in dict.fromkeys(own.corpora.tolist()) if what == "emotion" else [""]:
        mine, theirs = (side.of((side.corpora == corpus) | (not corpus)) for side in (own, learned))
        if (answer := _by_folds(mine.of(mine.tried), theirs, rng)) is not None:
            said.append(answer[0])
            judged.append(mine.of(mine.tried))
            least.append(answer[1])
    if not said:
        return None
    fields = Recordings.__dataclass_fields__
    whole = Recordings(*(np.concatenate([getattr(one, name) for one in judged]) for name in fields))
    return np.concatenate(said), whole, min(least)


def _by_folds(own: Recordings, learned: Recordings, rng: np.random.Generator) -> tuple[Names, int] | None:
    """Leave-speakers-out answers, (n,), and how many recordings the least of them rests on; None if a fold cannot be
    learned for."""
    people = np.unique(own.speakers)
    if len(people) < LEAST_SPEAKERS:
        return None
    fold = dict(zip(people.tolist(), rng.permutation(np.arange(len(people)) % FOLDS).tolist(), strict=True))
    folds, theirs = (np.array([fold.get(name, -1) for name in side.speakers.tolist()]) for side in (own, learned))
    said, least = np.full(len(own.labels), "", own.labels.dtype), len(learned.labels)
    for one in np.unique(folds).tolist():
        rest = learned.of(theirs != one)
        if len(set(rest.labels.tolist())) < 2:
            return None
        said[folds == one] = _classifier(rest).predict(own.features[folds == one])
        least = min(least, len(rest.labels))
    return said, least


def _classifier(learned: Recordings) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), model).fit(learned.features, learned.labels)
