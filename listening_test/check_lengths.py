"""How long the files of a study last: versions of a clip last alike, and in a study with line-ups all of them do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from listening_test.attention import LEADS_S, PAUSE_S, parse, wordings
from listening_test.check_study import Found
from listening_test.finishing import length_class_s
from listening_test.study import LineUpTask, Study, StudyClip
from listening_test.trial import Sound

SAYING_S, SIGNS_PER_S = 0.68, 24.0
"""How long an attention check's words last: so much, and the time for its letters and spaces. A line through all the
wordings of P.808's scales in both languages, which it meets within 0.4 s; rendering finds out exactly."""
UNEVEN = 1.5
"""Longest clip of a study with line-ups over the usual one, beyond which listeners mostly hear silence."""


def file_lengths_s(study: Study, clips: Sequence[StudyClip], sounds: Iterable[Sound]) -> dict[str, float]:
    """Length of the files of each clip that is heard, as rendering will make them; attention checks are estimated, and
    systems that speak anew are taken to last as long as their clips."""
    durations_s = {clip.key: clip.duration_s for clip in clips}
    needed_s: dict[str, float] = {}
    for sound in sounds:
        if sound.clip:
            least_s = attention_s(sound.detail, study) if sound.kind == "attention" else 0.0
            needed_s[sound.clip] = max(needed_s.get(sound.clip, durations_s[sound.clip]), least_s)
    if _has_line_ups(study):
        needed_s = dict.fromkeys(needed_s, max(needed_s.values(), default=0.0))
    return {clip: length_class_s(longest_s) for clip, longest_s in needed_s.items()}


def waiting(study: Study, clips: Sequence[StudyClip], heard: Mapping[str, float] | Iterable[str]) -> Iterator[Found]:
    """Whether the clips that are `heard` (keys) differ so much that line-ups are mostly silence."""
    durations_s = {clip.key: clip.duration_s for clip in clips}
    lasting_s = sorted(durations_s[key] for key in heard)
    if not lasting_s or not _has_line_ups(study):
        return
    usual_s, longest_s = median(lasting_s), lasting_s[-1]
    if longest_s > UNEVEN * usual_s:
        yield (
            "warning",
            f"Clips of a study with line-ups should be about equally long, for all are padded with silence to the "
            f"longest, but they usually last {usual_s:.1f} s and the longest {longest_s:.1f} s: cut the long ones, or "
            "lower limits.clip_max_s and leave them out.",
            "clips",
        )


def _has_line_ups(study: Study) -> bool:
    return any(isinstance(task, LineUpTask) for task in study.tasks)


def attention_s(detail: str, study: Study) -> float:
    """How long an attention check lasts at least, about, by its Sound.detail: attention.least_s() finds out."""
    said = wordings(parse(detail, study), study)["short"]
    return LEADS_S["short"] + PAUSE_S + SAYING_S + len(said) / SIGNS_PER_S
