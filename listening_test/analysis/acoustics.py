"""What each system did to each recording of a study: centroid, kurtosis, loudness, as rendering measured them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from listening_test.analysis.table import Column, Table
from listening_test.study import ORIGINAL, Study, StudyClip
from listening_test.trial import Sound

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin, StimulusInfo

ACOUSTICS = Table(
    "acoustics",
    "Acoustics: what each system did to each recording",
    (
        Column("system", "System"),
        Column("clip", "Recording"),
        Column("level", "What a pseudo-speaker was drawn for: utterance or speaker"),
        Column("speaker", "Speaker"),
        Column("emotion", "Emotion that was acted"),
        Column("centroid_hz", "Median spectral centroid of the speech"),
        Column("centroid_change_octaves", "Its change against the original, in octaves"),
        Column("kurtosis", "Median spectral kurtosis of the speech"),
        Column("kurtosis_change_octaves", "Its change against the original: log2 of the ratio"),
        Column("loudness_lufs", "Integrated loudness of what the system gave, before all were brought to one level"),
        Column("loudness_change_lu", "Its change against the original"),
    ),
    reading="Above 0 = brighter (centroid), more peaked (kurtosis), louder than the original recording.",
    method=(
        "Medians over frames of 25 ms every 10 ms at 16 kHz, magnitude spectrum, in the speech of the original (Silero "
        "VAD; a system with a timing of its own in its own speech). Measured on what the system gave; loudness (ITU-R "
        "BS.1770-4) is from before all sounds were brought to one level."
    ),
    caution=(
        "What listeners heard was brought to one level: loudness_change_lu was not to be heard. It was rounded to 16 "
        "bits with dither, too, which fills the bands that a system left empty: the kurtosis of what was played can "
        "differ by half a doubling (McAdams), of vocoders by about 0.01."
    ),
)


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """`acoustics`, and what it has to do with the answers: acoustic_links, kurtosis_emotion, acoustic_points."""
    from listening_test import export
    from listening_test.analysis import acoustic_links, acoustic_points
    from listening_test.analysis.answers import Answers

    found = measured(info.study, info.clips, store.stimuli(info.id))
    answers = Answers(info.study, export.frame(store.table(info.id, origins), info.study))
    return [found, *acoustic_links.tables(answers, found), acoustic_points.table(answers, found)]


def measured(study: Study, clips: Sequence[StudyClip], stimuli: Sequence[StimulusInfo]) -> Table:
    """The table of all rendered versions of all clips, the originals among them, from what rendering measured."""
    known = {one.key: one for one in stimuli}
    rows = [row for clip in clips for row in _rows(study, clip, list(_versions(study, clip, known)))]
    return ACOUSTICS.filled(rows, reason="" if rows else "No sounds have been rendered yet.")


def _versions(study: Study, clip: StudyClip, known: dict[str, StimulusInfo]) -> Iterator[tuple[Sound, StimulusInfo]]:
    """What was rendered of a clip, the original first."""
    labels = sorted(study.labels, key=lambda label: study.system(label).system != ORIGINAL)
    for label in labels:
        for level in ("utterance", "speaker"):
            sound = Sound("speech", clip.key, label, level)
            if sound.key in known:
                yield sound, known[sound.key]


def _rows(study: Study, clip: StudyClip, versions: list[tuple[Sound, StimulusInfo]]) -> list[dict[str, Any]]:
    if not versions or study.system(versions[0][0].system).system != ORIGINAL:
        return []
    before, rows = _Facts.of(versions[0][1]), []
    for sound, stimulus in versions:
        after = _Facts.of(stimulus)
        named = {"system": sound.system, "clip": clip.key, "level": sound.level, "speaker": clip.speaker}
        rows.append({
            **named, "emotion": clip.emotion, **after._asdict(),
            "centroid_change_octaves": _octaves(after.centroid_hz, before.centroid_hz),
            "kurtosis_change_octaves": _octaves(after.kurtosis, before.kurtosis),
            "loudness_change_lu": after.loudness_lufs - before.loudness_lufs,
        })  # fmt: skip
    return rows


class _Facts(NamedTuple):
    """What rendering measured of one sound; NaN where it found no speech, or did not measure it yet."""

    centroid_hz: float
    kurtosis: float
    loudness_lufs: float

    @classmethod
    def of(cls, stimulus: StimulusInfo) -> _Facts:
        found = (stimulus.facts.get(name) for name in ("centroid_hz", "kurtosis", "source_lufs"))
        return cls(*(math.nan if value is None else float(value) for value in found))


def _octaves(after: float, before: float) -> float:
    return math.log2(after / before) if after > 0 and before > 0 else math.nan
