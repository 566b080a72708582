"""What each system did to each recording of a study: centroid, kurtosis, loudness, as listeners heard them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from listening_test.analysis.table import Column, Row, Table
from listening_test.study import ORIGINAL, Study, StudyClip
from listening_test.trial import Sound

if TYPE_CHECKING:
    from audio.clip import Clip
    from audio.vad import Segment
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
        "VAD; a system with a timing of its own in its own speech). Measured on the sounds as they were played, whose "
        "level was matched by one gain, which changes neither centroid nor kurtosis; loudness is from before that gain "
        "(ITU-R BS.1770-4)."
    ),
    caution="What listeners heard was brought to one level: loudness_change_lu was not to be heard.",
)


class Sounding(NamedTuple):
    """Medians over the speech of one sound; NaN without speech."""

    centroid_hz: float
    kurtosis: float


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """`acoustics`, and what it has to do with the answers: acoustic_links, kurtosis_emotion, acoustic_points."""
    from listening_test import export
    from listening_test.analysis import acoustic_links, acoustic_points
    from listening_test.analysis.answers import Answers

    found = measured(info.study, info.clips, store.stimuli(info.id), store.audio)
    answers = Answers(info.study, export.frame(store.table(info.id, origins), info.study))
    return [found, *acoustic_links.tables(answers, found), acoustic_points.table(answers, found)]


def measured(
    study: Study, clips: Sequence[StudyClip], stimuli: Sequence[StimulusInfo], audio: Callable[[int], bytes]
) -> Table:
    """The table of all rendered versions of all clips, the originals among them.

    Args:
        audio: the WAV of a stimulus by its id; where it is gone (its time was over) the clip is left out.
    """
    from listening_test.store_records import NotFound

    known = {one.key: one for one in stimuli}
    rows: list[Row] = []
    gone = 0
    for clip in clips:
        versions = list(_versions(study, clip, known))
        try:
            rows += _rows(study, clip, versions, audio)
        except NotFound:
            gone += bool(versions)
    reason = "The recordings are gone: voices are deleted some time after a study closed." if gone else ""
    return ACOUSTICS.filled(rows, reason=reason if rows or gone else "No sounds have been rendered yet.")


def _versions(study: Study, clip: StudyClip, known: dict[str, StimulusInfo]) -> Iterator[tuple[Sound, StimulusInfo]]:
    """What was rendered of a clip, the original first."""
    labels = sorted(study.labels, key=lambda label: study.system(label).system != ORIGINAL)
    for label in labels:
        for level in ("utterance", "speaker"):
            sound = Sound("speech", clip.key, label, level)
            if sound.key in known:
                yield sound, known[sound.key]


def _rows(
    study: Study, clip: StudyClip, versions: list[tuple[Sound, StimulusInfo]], audio: Callable[[int], bytes]
) -> list[dict[str, Any]]:
    from audio import vad
    from listening_test.making import speaks_anew

    if not versions or study.system(versions[0][0].system).system != ORIGINAL:
        return []
    whole = _decoded(audio(versions[0][1].id))
    speech = vad.segments(whole)
    before, loudness = sounding(whole, speech), float(versions[0][1].facts["source_lufs"])
    rows = []
    for sound, stimulus in versions:
        there = _decoded(audio(stimulus.id))
        after = sounding(there, vad.segments(there) if speaks_anew(study, sound) else speech)
        lufs = float(stimulus.facts["source_lufs"])
        named = {"system": sound.system, "clip": clip.key, "level": sound.level, "speaker": clip.speaker}
        rows.append({
            **named, "emotion": clip.emotion, **after._asdict(), "loudness_lufs": lufs,
            "centroid_change_octaves": _octaves(after.centroid_hz, before.centroid_hz),
            "kurtosis_change_octaves": _octaves(after.kurtosis, before.kurtosis),
            "loudness_change_lu": lufs - loudness,
        })  # fmt: skip
    return rows


def sounding(clip: Clip, speech: Sequence[Segment]) -> Sounding:
    """Median centroid and kurtosis of a clip within these segments."""
    from audio.features import spectral_centroid, spectral_kurtosis

    return Sounding(
        *(_median(feature(clip, segments=speech).values) for feature in (spectral_centroid, spectral_kurtosis))
    )


def _median(values: np.ndarray) -> float:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else math.nan


def _octaves(after: float, before: float) -> float:
    return math.log2(after / before) if after > 0 and before > 0 else math.nan


def _decoded(wav: bytes) -> Clip:
    from audio.clip import decode

    return decode(wav).clip
