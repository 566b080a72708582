"""Speech to be anonymized and judged: who says what, in which recording, in which session."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

Sex = Literal["F", "M", ""]


class CorpusError(ValueError):
    """Why a folder is no corpus, in one sentence."""


@dataclass(frozen=True)
class Utterance:
    """One utterance. What is not known is "".

    Attributes:
        key: its name in every table, unique in its corpus, safe as part of a file name.
        path: the recording; start_s, end_s: its part of it in s (end_s 0: to the end).
        session: recordings of one session sound alike whoever speaks: LibriSpeech's chapter, for example.
        transcript: as written; emotion: as acted (angry, happy, sad, neutral, fear, disgust, boredom, surprise).
        corpus: the data set it came from; language: "en", "de".
    """

    key: str
    path: Path
    speaker: str
    sex: Sex = ""
    session: str = ""
    transcript: str = ""
    emotion: str = ""
    language: str = ""
    corpus: str = ""
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(frozen=True)
class Corpus:
    """A data set as it was found.

    Attributes:
        name, split: as figures name it, e.g. "LibriSpeech dev-clean", "dev".
        utterances: in the order of their keys.
        enrolments, trials: as the data brings them (Kaldi's enrolls and trials), else None. Enrolments: model to its
            utterances' keys. Trials: (model, utterance key, whether they are one speaker).
        problems: sentences about what was left out.
    """

    name: str
    split: str
    root: Path
    utterances: tuple[Utterance, ...]
    enrolments: dict[str, tuple[str, ...]] | None = None
    trials: tuple[tuple[str, str, bool], ...] | None = None
    problems: tuple[str, ...] = field(default=())


def load(folder: Path, *, split: str = "", exclude: Collection[str] = ()) -> Corpus:
    """A Kaldi-style data directory (or a folder of them, as VoicePrivacy has), a manifest.csv, or speaker/utterance.

    Args:
        folder: the directory; a manifest may be named itself.
        split: which part, where there are several: of the column `split` of a manifest, or of the sets of a folder of
            Kaldi directories ("libri_dev"); elsewhere only its name. "" : all there is, called as the folder is.
        exclude: speakers to leave out.

    Raises:
        CorpusError: if there is nothing to be judged, or a list cannot be read at all. What is wrong with single
            utterances is told in `problems` instead, and they are left out.
    """
    from evaluation import corpus_folder, corpus_kaldi, corpus_manifest

    if not folder.exists():
        raise CorpusError(f"A folder of speech was expected at {folder}, but there is none: check the path.")
    if folder.is_file() or (folder / "manifest.csv").is_file():
        found = corpus_manifest.load(folder, split=split)
    elif corpus_kaldi.directories(folder):
        found = corpus_kaldi.load(folder, split=split)
    else:
        found = corpus_folder.load(folder, split=split)
    return select(found, exclude=exclude) if exclude else checked(found)


def checked(corpus: Corpus) -> Corpus:
    """The corpus, if anybody speaks in it.

    Raises:
        CorpusError: if it holds no utterance; it says what was left out.
    """
    if corpus.utterances:
        return corpus
    left = " ".join(corpus.problems[:3])
    raise CorpusError(
        f"{corpus.root}: at least one recording was expected, but there is none: a folder with wav.scp, manifest.csv "
        f"or speaker/utterance.wav is read. {left}".rstrip()
    )


def select(
    corpus: Corpus,
    *,
    speakers: Collection[str] = (),
    exclude: Collection[str] = (),
    corpora: Collection[str] = (),
    least: int = 1,
    subset: int = 0,
    seed: int = 0,
) -> Corpus:
    """Part of a corpus, in the same order.

    Args:
        speakers: keep only these; exclude: leave these out.
        corpora: keep data sets whose name starts with one of these, whatever the case ("librispeech").
        least: leave out speakers with fewer utterances.
        subset: at most so many utterances a speaker, spread over sessions and emotions, drawn by `seed`; 0: all.

    Raises:
        CorpusError: if a name is not there, or nothing is left.
    """
    _check_names("speaker", [*speakers, *exclude], {one.speaker for one in corpus.utterances})
    wanted = tuple(name.lower() for name in corpora)
    for name in wanted:
        if not any(one.corpus.lower().startswith(name) for one in corpus.utterances):
            there = ", ".join(sorted({one.corpus for one in corpus.utterances})) or "none named"
            raise CorpusError(f"A data set called {name!r} was expected in {corpus.root}, but it holds: {there}.")
    kept = [
        one
        for one in corpus.utterances
        if (not speakers or one.speaker in speakers)
        and one.speaker not in exclude
        and (not wanted or one.corpus.lower().startswith(wanted))
    ]
    kept = _of_speakers_with(kept, least)
    return checked(_narrowed(corpus, _spread(kept, subset, seed) if subset else kept))


def _check_names(what: str, names: Collection[str], there: Collection[str]) -> None:
    if unknown := sorted(set(names) - set(there)):
        raise CorpusError(
            f"Of {len(there)} {what}s none is called {', '.join(unknown)}: they are called, for example, "
            f"{', '.join(sorted(there)[:5])}."
        )


def _of_speakers_with(utterances: list[Utterance], least: int) -> list[Utterance]:
    count = Counter(one.speaker for one in utterances)
    return [one for one in utterances if count[one.speaker] >= least]


def _spread(utterances: list[Utterance], subset: int, seed: int) -> list[Utterance]:
    """At most `subset` of each speaker, by turns from each session and emotion; decided by keys, not by order."""

    def lot(one: Utterance) -> str:
        return hashlib.sha256(f"{seed}|{one.key}".encode()).hexdigest()

    turns: Counter[tuple[str, str, str]] = Counter()
    ranked: dict[str, list[tuple[int, str, str]]] = {}
    for one in sorted(utterances, key=lot):
        cell = (one.speaker, one.session, one.emotion)
        ranked.setdefault(one.speaker, []).append((turns[cell], lot(one), one.key))
        turns[cell] += 1
    chosen = {key for every in ranked.values() for _, _, key in sorted(every)[:subset]}
    return [one for one in utterances if one.key in chosen]


def _narrowed(corpus: Corpus, kept: list[Utterance]) -> Corpus:
    """The corpus with these utterances alone, also in its lists of enrolments and trials."""
    keys = {one.key for one in kept}
    enrolments, trials = corpus.enrolments, corpus.trials
    if enrolments is not None:
        enrolments = {model: tuple(key for key in own if key in keys) for model, own in enrolments.items()}
        enrolments = {model: own for model, own in enrolments.items() if own}
    if trials is not None:
        trials = tuple(one for one in trials if one[1] in keys and (enrolments is None or one[0] in enrolments))
    return replace(
        corpus, name=name_of(kept, corpus.name), utterances=tuple(kept), enrolments=enrolments, trials=trials
    )


def name_of(utterances: Collection[Utterance], otherwise: str) -> str:
    """The data sets that utterances come from, as figures name them."""
    return " + ".join(sorted({one.corpus for one in utterances if one.corpus})) or otherwise
