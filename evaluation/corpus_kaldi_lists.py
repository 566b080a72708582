"""The text files of a Kaldi-style data directory, as they stand there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluation.corpus import CorpusError
from evaluation.corpus_words import some, text_of

LABELS = {"target": True, "nontarget": False, "imposter": False, "impostor": False, "1": True, "0": False}


@dataclass(frozen=True)
class Lists:
    """What the files say, by the names they use (see corpus_kaldi.load).

    Attributes:
        recordings: wav.scp. speakers: utt2spk. segments: recording, start and end in s; end 0: to its end.
        enrolments: model and its utterances, line by line; None without enrolls. trials: model, utterance, same.
    """

    recordings: dict[str, str]
    speakers: dict[str, str]
    segments: dict[str, tuple[str, float, float]]
    sexes: dict[str, str]
    texts: dict[str, str]
    emotions: dict[str, str]
    languages: dict[str, str]
    sessions: dict[str, str]
    enrolments: list[tuple[str, list[str]]] | None
    trials: list[tuple[str, str, bool]]
    has_trials: bool


def read_lists(directory: Path, problems: list[str]) -> Lists:
    """The files of a directory; what is wrong in single lines goes to `problems`.

    Raises:
        CorpusError: if wav.scp or utt2spk is missing, or one of the files is no text.
    """
    if not (directory / "utt2spk").is_file():
        raise CorpusError(f"{directory}: utt2spk was expected beside wav.scp, but it is missing: it says who speaks.")
    speakers = _pairs(directory, problems, "utt2spk")
    return Lists(
        recordings=_pairs(directory, problems, "wav.scp"),
        speakers=speakers,
        segments=_segments(directory, problems),
        sexes=_pairs(directory, problems, "spk2gender", "spk2sex"),
        texts=_pairs(directory, problems, "text"),
        emotions=_pairs(directory, problems, "utt2emo", "utt2emotion"),
        languages=_pairs(directory, problems, "utt2lang"),
        sessions=_pairs(directory, problems, "utt2sess", "utt2session"),
        enrolments=_enrolments(directory, speakers),
        trials=_trials(directory, problems),
        has_trials=(directory / "trials").is_file(),
    )


def _lines(directory: Path, *names: str) -> list[tuple[str, list[str]]]:
    """The words of each line of the first of these files that is there, with what a sentence calls the line."""
    path = next((directory / name for name in names if (directory / name).is_file()), None)
    if path is None:
        return []
    numbered = enumerate(text_of(path).split("\n"), 1)
    return [(f"{path}, line {number}", line.split()) for number, line in numbered if line.strip()]


def _pairs(directory: Path, problems: list[str], *names: str) -> dict[str, str]:
    """Name and the rest of the line; the first of lines with one name."""
    found: dict[str, str] = {}
    for where, words in _lines(directory, *names):
        if words[0] in found:
            problems.append(f"{where}: each name stands once, but {words[0]} stands twice: the first is taken.")
        found.setdefault(words[0], " ".join(words[1:]))
    return found


def _segments(directory: Path, problems: list[str]) -> dict[str, tuple[str, float, float]]:
    found: dict[str, tuple[str, float, float]] = {}
    for where, words in _lines(directory, "segments"):
        try:
            name, recording, start, end = words
            start_s, end_s = float(start), max(0.0, float(end))
        except ValueError:
            problems.append(f"{where}: an utterance, its recording, start and end in s were expected: left out.")
            continue
        if start_s < 0 or start_s != start_s or (end_s and not start_s < end_s < float("inf")):
            problems.append(f"{where}: a start before the end was expected, but {start} and {end} came: left out.")
        elif name in found:
            problems.append(f"{where}: each name stands once, but {name} stands twice: the first is taken.")
        else:
            found[name] = (recording, start_s, end_s)
    return found


def _enrolments(directory: Path, speakers: dict[str, str]) -> list[tuple[str, list[str]]] | None:
    """Lines of one word are utterances of their speaker; "utterance speaker" is too; else "model utterance …"."""
    if not (directory / "enrolls").is_file():
        return None
    found: list[tuple[str, list[str]]] = []
    for _, words in _lines(directory, "enrolls"):
        first, rest = words[0], words[1:]
        if not rest or (first in speakers and rest == [speakers[first]]):
            found.append((speakers.get(first, first), [first]))
        else:
            found.append((first, rest))
    return found


def _trials(directory: Path, problems: list[str]) -> list[tuple[str, str, bool]]:
    found, odd = [], []
    for where, words in _lines(directory, "trials"):
        if len(words) >= 3 and words[2].lower() in LABELS:
            found.append((words[0], words[1], LABELS[words[2].lower()]))
        else:
            odd.append(where)
    if odd:
        problems.append(f"A model, an utterance and target or nontarget were expected: {some(odd)} left out.")
    return found
