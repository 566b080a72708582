"""A study's definition in words: the methods card of reports and preregistrations. Sections of facts, no HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from listening_test.analysis import equivalence
from listening_test.study import LOW_ANCHOR, ORIGINAL, Study, StudyClip, System, Text


@dataclass(frozen=True)
class Fact:
    """One line of a methods card; `text` is plain, blank lines part paragraphs."""

    term: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading of a methods card and what stands below it."""

    title: str
    facts: tuple[Fact, ...]


def sections(study: Study, clips: Sequence[StudyClip]) -> list[Section]:
    """Everything that was decided before anybody listened, in words."""
    from listening_test.reporting import design_words, screening_words

    return [
        Section("Listeners", tuple(_listeners(study))),
        Section("Voices", tuple(_voices(study, clips))),
        Section("Systems", tuple(_systems(study))),
        Section("Tasks", tuple(design_words.tasks(study))),
        Section("Design", tuple(design_words.design(study, clips))),
        Section("Screening and exclusions", tuple(screening_words.rules(study))),
        Section("Analysis, as decided beforehand", tuple(_analysis(study))),
    ]


def said(text: Text) -> str:
    """A text in English, else in the first language it has; "" for none."""
    return text.get("en") or next(iter(text.values()), "")


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 speaker", "3 speakers"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def _listeners(study: Study) -> Iterator[Fact]:
    ethics, languages = study.ethics, ", ".join(study.languages)
    yield Fact("What they were told it is", said(study.public_title))
    yield Fact(
        "Who may take part",
        f"People aged {ethics.min_age} or more who read one of: {languages}. Clips are in {ethics.clip_language}"
        + (f"; listeners of: {', '.join(ethics.listener_languages)}." if ethics.listener_languages else "."),
    )
    if ethics.language_mismatch_reason:
        yield Fact("Why languages differ", ethics.language_mismatch_reason)
    yield Fact("Places", f"{study.limits.listeners:,} may finish; {study.limits.minutes:g} minutes are announced.")
    yield Fact("Pay", said(ethics.pay) or "None: volunteers.")
    if study.completion_url:
        yield Fact("Sent back to", study.completion_url)
    yield Fact(f"Consent (version {study.consent.version})", said(study.consent.text))
    yield Fact("Told afterwards", said(ethics.debrief))
    yield Fact("Answerable", ethics.controller)
    if study.limits.keep_answers_days is not None:
        yield Fact("Answers are deleted", f"{study.limits.keep_answers_days:g} days after closing.")


def _voices(study: Study, clips: Sequence[StudyClip]) -> Iterator[Fact]:
    speakers = {clip.speaker: clip.sex for clip in clips}
    sexes: Counter[str] = Counter(speakers.values())
    names = {"F": "female", "M": "male", "X": "other or unknown"}
    split = ", ".join(f"{sexes[sex]} {name}" for sex, name in names.items() if sexes[sex])
    yield Fact("Right to use them", study.ethics.voices)
    yield Fact(
        "Recordings", f"{count(len(clips), 'recording')} of {count(len(speakers), 'speaker')} ({split or 'none'})."
    )
    if clips:
        lengths = [clip.duration_s for clip in clips]
        yield Fact(
            "Length",
            f"{min(lengths):.1f} to {max(lengths):.1f} s, {sum(lengths) / 60:.1f} minutes in all, before rendering.",
        )
    for term, name in (("Languages", "language"), ("Acted emotions", "emotion"), ("Licences", "licence")):
        counts = Counter(getattr(clip, name) for clip in clips if getattr(clip, name))
        if counts:
            yield Fact(term, ", ".join(f"{one} ({number})" for one, number in sorted(counts.items())) + ".")
    sessions: dict[str, set[str]] = {clip.speaker: set() for clip in clips}
    for clip in clips:
        sessions[clip.speaker].add(clip.session)
    several = sum(len(found) > 1 for found in sessions.values())
    yield Fact("Sessions", f"{several} of {count(len(speakers), 'speaker')} recorded in more than one known session.")
    limits = study.limits
    yield Fact(
        "As played",
        f"Every version at {limits.level_lufs:g} LUFS (ITU-R BS.1770-4), {limits.sample_rate_hz} Hz, 16-bit WAV, all "
        f"versions of a recording padded to one length. Recordings last {limits.clip_min_s:g} to "
        f"{limits.clip_max_s:g} s.",
    )


def _systems(study: Study) -> Iterator[Fact]:
    for system in study.systems:
        yield Fact(system.label, _system(system))


def _system(system: System) -> str:
    anchor = f" Anchor: {system.anchor}." if system.anchor else ""
    if system.system == ORIGINAL:
        return f"The recording itself, level-matched.{anchor}"
    settings = ", ".join(f"{name} = {value}" for name, value in settings_of(system).items()) or "none"
    if system.system == LOW_ANCHOR:
        return (
            f"The recording with modulated noise (ITU-T P.810), so that the scale has a lower end. {settings}.{anchor}"
        )
    level = "a new pseudo-speaker each recording" if system.level == "utterance" else "one pseudo-speaker per speaker"
    return (
        f"{_title(system)}. Settings: {settings}. Seed {system.seed}, {level} (pairs and line-ups: a new one each "
        f"recording).{anchor}"
    )


def settings_of(system: System) -> dict[str, Any]:
    """Every parameter of a system as it runs: the study's, else the default."""
    from anonymizers import registry
    from anonymizers.base import Param
    from listening_test import anchors

    known: tuple[Param, ...] = anchors.PARAMS if system.system == LOW_ANCHOR else ()
    if system.system in registry.keys():
        known = registry.info(system.system).params
    return {param.name: param.default for param in known} | dict(system.params)


def _title(system: System) -> str:
    from anonymizers import registry

    if system.system not in registry.keys():
        return f"{system.system} (not among the systems of this version)"
    info = registry.info(system.system)
    return f"{info.title} ({system.system}): {info.summary.rstrip('.')} [{info.fidelity}; {info.reference.rstrip('.')}]"


def _analysis(study: Study) -> Iterator[Fact]:
    decided = study.analysis
    percent = f"{100 * decided.confidence:g} %"
    yield Fact(
        "Intervals", f"{percent}; listeners and speakers are both random draws, so that answers are not independent."
    )
    if any(task.type in ("same-different", "speaker-similarity") for task in study.tasks):
        low, high = 0.5 - decided.auc_margin, 0.5 + decided.auc_margin
        yield Fact(
            "Chance",
            f"Re-identification counts as chance only where equivalence is shown: AUC within {low:g} to {high:g}, by "
            f"two one-sided tests at α = {equivalence.ALPHA:g}. A p above α is no evidence of privacy.",
        )
    if any(task.type == "mos" for task in study.tasks):
        yield Fact(
            "Smallest difference that matters", f"{decided.mos_difference:g} points between two systems' mean ratings."
        )
    yield Fact(
        "Bootstraps",
        f"{decided.replicates:,} replicates each, seed {decided.seed}: the same answers, the same numbers.",
    )
    yield Fact(
        "Exclusions", "Every estimate is given with the exclusions above applied, and beside it with nobody excluded."
    )
