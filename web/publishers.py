"""Publishers of licensed speech, and the few clips that are taken from each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from anonymizers.base import Progress
from audio.clip import ClipError, decode
from web.archives import Budget, ExamplesError, tar_members, zip_members

SEXES = {"F": "woman", "M": "man"}
_EMOTIONS = {"N": "neutral", "W": "angry", "T": "sad", "F": "happy"}


@dataclass(frozen=True)
class Source:
    """An archive of licensed clips and which of them to take.

    Attributes:
        key: its folder.
        name, language: for people.
        url, kind: the archive and what it is.
        member: pattern of the whole name of a clip in it, with the groups `stem`, `speaker` and, if told, `emotion`.
        count, per_speaker: how many clips to take, in the archive's order, and how many of them from one speaker.
        min_s, max_s: durations to take; others are passed over.
        licence, attribution: kept in a text file beside the clips.
        women, men: speakers whose sex is known beforehand.
        speakers_member: a file of lines "speaker | F or M | …", in the archive before the clips; "" if none.
        max_bytes, max_seconds: where the download is given up.
    """

    key: str
    name: str
    language: str
    url: str
    kind: Literal["tar.gz", "zip"]
    member: str
    count: int
    per_speaker: int
    licence: str
    attribution: str
    min_s: float = 0.5
    max_s: float = 20.0
    women: tuple[str, ...] = ()
    men: tuple[str, ...] = ()
    speakers_member: str = ""
    max_bytes: int = 80_000_000
    max_seconds: float = 300.0
    member_bytes: int = 4_000_000


LIBRISPEECH = Source(
    key="librispeech",
    name="LibriSpeech",
    language="English",
    url="https://www.openslr.org/resources/12/dev-clean.tar.gz",
    kind="tar.gz",
    member=r"LibriSpeech/dev-clean/(?P<speaker>\d+)/\d+/(?P<stem>\d+-\d+-\d+)\.flac",
    count=6,
    per_speaker=2,
    licence="CC BY 4.0",
    attribution=(
        "LibriSpeech (c) 2014 by Vassil Panayotov, https://www.openslr.org/12, "
        "licence https://creativecommons.org/licenses/by/4.0/. "
        "Panayotov, Chen, Povey, Khudanpur: LibriSpeech: an ASR corpus based on public domain audio books, ICASSP 2015."
    ),
    min_s=4.0,
    max_s=15.0,
    speakers_member="LibriSpeech/SPEAKERS.TXT",
)
"""Read English. Only the start of the 340 MB archive is read: its clips come speaker by speaker, about 9 MB each."""

EMODB = Source(
    key="emodb",
    name="EmoDB",
    language="German",
    url="https://zenodo.org/records/7447302/files/emodb.zip",
    kind="zip",
    member=(
        r"emodb/wav/(?P<stem>(?=03a05Nd|03a05Fc|03a05Tc|03a05Wa|08a05Nb|08a05Fe|08a05Ta|08a05Wa)"
        r"(?P<speaker>\d\d)a05(?P<emotion>[NWTF])[a-e])\.wav"
    ),
    count=8,
    per_speaker=4,
    licence="CC0 1.0 (audEERING; Zenodo's record: CC BY 4.0)",
    attribution=(
        "Berlin Database of Emotional Speech (EmoDB), published by audEERING, https://doi.org/10.5281/zenodo.7447302. "
        "Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A database of German emotional speech, Interspeech 2005. "
        "The publisher dedicates it to the public domain (CC0 1.0); the Zenodo record names CC BY 4.0, "
        "so name the authors when you pass a clip on."
    ),
    women=("08",),
    men=("03",),
)
"""One German sentence, acted in four emotions by a woman and a man. Address, layout and licence as told by public
projects that load it (the record itself could not be opened while this was written); a wrong one ends in a sentence,
not in a wrong clip."""

PUBLISHERS = (LIBRISPEECH, EMODB)


def clips(source: Source, progress: Progress, stopped: Callable[[], bool]) -> Iterator[tuple[dict[str, str], bytes]]:
    """Index row and bytes of each clip taken, as the publisher made them."""
    taken: Counter[str] = Counter()
    sexes = dict.fromkeys(source.women, "F") | dict.fromkeys(source.men, "M")
    pattern = re.compile(source.member)

    def wanted(name: str) -> bool:
        match = pattern.fullmatch(name)
        return name == source.speakers_member or (match is not None and taken[match["speaker"]] < source.per_speaker)

    def tell(count: int) -> None:
        done = taken.total()
        progress(done / source.count, f"{source.name}: {done} of {source.count} clips, {count / 1e6:.1f} MB read")

    budget = Budget(source.max_bytes, source.max_seconds, source.member_bytes, on_read=tell, stopped=stopped)
    members = (tar_members if source.kind == "tar.gz" else zip_members)(source.url, wanted, budget)
    with closing(members):
        for name, data in members:
            match = pattern.fullmatch(name)
            if match is None:
                sexes |= _sexes(data)
            elif row := _row(source, match, data, sexes):
                taken[match["speaker"]] += 1
                yield row, data
            if taken.total() == source.count:
                return
    raise ExamplesError(
        f"{source.count} clips were expected in {source.url}, but only {taken.total()} were in it: it may have changed."
    )


def _row(source: Source, match: re.Match[str], data: bytes, sexes: dict[str, str]) -> dict[str, str] | None:
    """The index row of a clip; None when its duration is not wanted."""
    stem, speaker = match["stem"], match["speaker"]
    if not re.fullmatch(r"[\w-]+", stem, re.ASCII):
        raise ExamplesError(f"A plain file name was expected in {source.url}, but {stem!r} came.")
    try:
        clip = decode(data).clip
    except ClipError as error:
        raise ExamplesError(f"{match.string} in {source.url} should be a sound file: {error}") from error
    if not source.min_s <= clip.duration_s <= source.max_s:
        return None
    emotion = _EMOTIONS.get(match.groupdict().get("emotion") or "", "")
    facts = (SEXES.get(sexes.get(speaker, ""), ""), source.language, emotion, f"{clip.duration_s:.1f} s")
    return {
        "id": f"{source.key}-{stem}",
        "title": f"{source.name} {speaker}" + (f", {emotion}" if emotion else f", {stem.rpartition('-')[2]}"),
        "detail": ", ".join(filter(None, facts)),
        "licence": source.licence,
        "path": stem + PurePosixPath(match.string).suffix,
        "language": source.language,
        "speaker": f"{source.key}-{speaker}",
    }


def _sexes(speakers: bytes) -> dict[str, str]:
    """Speaker to F or M, from lines such as "2277 | F | dev-clean | …"; other lines are comments."""
    lines = speakers.decode("utf-8", "replace").splitlines()
    return {
        row[0]: row[1] for row in (re.split(r"\s*\|\s*", line.strip()) for line in lines) if row[1:2] in (["F"], ["M"])
    }
