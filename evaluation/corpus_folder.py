"""Speech in folders: speaker/utterance.wav, or speaker/session/utterance.wav, with nothing else said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from audio.clip import SUFFIXES
from evaluation.corpus import Corpus, CorpusError, Utterance
from evaluation.corpus_words import key_of, some, text_of

BESIDE = (".lab", ".normalized.txt", ".txt")
"""Endings of a transcript beside a recording of the same name."""


def load(folder: Path, *, split: str = "") -> Corpus:
    """Every sound file below a folder: the first folder names the speaker, folders below it the session.

    Transcripts: of <name>.lab or <name>.txt beside the file, or LibriSpeech's *.trans.txt in its folder. The sex is
    not known. Files in no speaker's folder are left out.

    Raises:
        CorpusError: if the folder cannot be read.
    """
    try:
        paths = sorted(one for one in folder.rglob("*") if _is_sound(one, folder))
    except OSError as error:
        raise CorpusError(f"{folder}: a folder was expected, but it cannot be read: {error.strerror}.") from None
    name = folder.resolve().name
    loose = [path.name for path in paths if path.parent == folder]
    problems = [f"{some(loose)}: in no speaker's folder, so left out."] if loose else []
    placed = [path.relative_to(folder) for path in paths if path.parent != folder]
    stems = Counter(path.stem for path in placed)
    told = {parent: _told(folder / parent, problems) for parent in sorted({path.parent for path in placed})}
    found: dict[str, Utterance] = {}
    for path in placed:
        key = key_of(path.stem if stems[path.stem] == 1 else path.as_posix())
        words = told[path.parent].get(path.stem) or _beside(folder / path, problems)
        session = "/".join(path.parts[1:-1])
        found[key] = Utterance(key, folder / path, path.parts[0], session=session, transcript=words, corpus=name)
    every = tuple(found[key] for key in sorted(found))
    return Corpus(name, split or name, folder, every, problems=tuple(problems))


def _is_sound(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def _told(folder: Path, problems: list[str]) -> dict[str, str]:
    """What LibriSpeech's *.trans.txt in a folder says: words by the name of the utterance."""
    lines = [line for path in sorted(folder.glob("*.trans.txt")) for line in _read(path, problems).splitlines()]
    return {name: words.strip() for name, _, words in (line.partition(" ") for line in lines)}


def _beside(path: Path, problems: list[str]) -> str:
    for ending in BESIDE:
        if (text := path.with_name(path.stem + ending)).is_file():
            return " ".join(_read(text, problems).split())
    return ""


def _read(path: Path, problems: list[str]) -> str:
    try:
        return text_of(path)
    except CorpusError as error:
        problems.append(f"{error} Nothing is taken from it.")
        return ""
