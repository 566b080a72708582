"""Tasks and design of a study in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from listening_test import questions
from listening_test.reporting.card import Fact, count, listed
from listening_test.study import (
    EmotionTask,
    LineUpTask,
    MosTask,
    SameDifferentTask,
    SpeakerSimilarityTask,
    Study,
    StudyClip,
    StudyError,
    Task,
)

RUNGS = {
    "unfamiliar": "unfamiliar (never any feedback)",
    "familiar": "familiar (hears the speakers' real voices first)",
    "system-trained": "system-trained (practises on anonymized pairs with feedback, on other speakers)",
}


def tasks(study: Study) -> Iterator[Fact]:
    """Each task, and each question as it is asked in English."""
    asked = questions.of(study)
    seen: set[str] = set()
    for key, task in zip(study.task_keys(), study.tasks, strict=True):
        systems = ", ".join(study.task_systems(task))
        yield Fact(key, f"{_task(task)} {task.trials_per_system} rated trials of each condition. Systems: {systems}.")
        for name in questions.of_task(study, key):
            if name not in seen:
                yield Fact(f"Asked ({name})", _wording(asked[name]))
                seen.add(name)


def design(study: Study, clips: Sequence[StudyClip]) -> Iterator[Fact]:
    """Who hears what in which order, and how many pages that makes."""
    dealt = study.design
    yield Fact("Attacker ladder", "; ".join(RUNGS[rung] for rung in dealt.rungs) + ". Between listeners, in turn.")
    order = "in an order balanced over listeners" if dealt.task_order == "balanced" else "in the order of the file"
    yield Fact(
        "Order",
        f"Tasks come {order}; every condition is at every position equally often; the sides of pairs and the places of "
        "line-ups are balanced. What is heard is dealt for all listeners together, each recording through each system "
        "equally often. A place that somebody leaves goes to a replacement, so that balance holds among finishers.",
    )
    may = "may be heard" if dealt.original_after_anonymized else "is never heard"
    yield Fact("Familiarity", f"A speaker's original {may} after an anonymized version of the same speaker.")
    yield Fact(
        "Limits",
        f"At most {count(dealt.max_trials_per_speaker, 'rated trial')} of one listener with the same speaker; "
        f"{count(dealt.practice_trials, 'practice trial')} before each block, on speakers of their own, not analysed; "
        f"a break every {dealt.break_every} pages; seed {dealt.seed}.",
    )
    yield from _pages(study, clips)


def trials(study: Study, clips: Sequence[StudyClip]) -> list[dict[str, object]]:
    """Rated trials of one listener by task, pair and system.

    Raises:
        StudyError: if the study is not feasible.
    """
    from listening_test.plan import Planner

    pages = Planner(study, clips).plan(0)
    counts = Counter(
        (page.task, str(page.truth.get("pair", "")), str(page.truth.get("system", "")))
        for page in pages
        if page.kind == "rated"
    )
    return [
        {"task": task, "pair": pair, "system": system, "trials": number}
        for (task, pair, system), number in sorted(counts.items())
    ]


def _pages(study: Study, clips: Sequence[StudyClip]) -> Iterator[Fact]:
    from listening_test.plan import Planner

    try:
        pages = Planner(study, clips).plan(0)
    except StudyError as error:
        yield Fact("Pages of one listener", f"Not known: {error}")
        return
    kinds: Counter[str] = Counter(page.kind for page in pages)
    names = {
        "rated": "rated",
        "practice": "practice",
        "attention": "attention checks",
        "gold": "items with a known answer",
    }
    parts = [f"{kinds[kind]} {name}" for kind, name in names.items() if kinds[kind]]
    yield Fact("Pages of one listener", f"{len(pages)}: {listed(parts)}; the rest are steps around them.")
    by_task = Counter(page.task for page in pages if page.kind == "rated")
    yield Fact("Rated trials by task", ", ".join(f"{task} {number}" for task, number in sorted(by_task.items())) + ".")


def _task(task: Task) -> str:
    match task:
        case MosTask():
            beside = ", the original beside the sample" if task.reference else ""
            named = listed([one.replace("_", " ") for one in task.questions])
            return f"Absolute category rating after ITU-T P.808 ({named}; each in a block of its own{beside})."
        case SameDifferentTask():
            return (
                f"Same or different speaker, 6 points of signed confidence; pairs: {listed(list(task.pairs))}; two "
                "different texts, same sex, half of the pairs are one speaker, each side a pseudo-speaker of its own."
            )
        case LineUpTask():
            return (
                f"Voice line-up: one recording of a person, then {task.voices} voices and 'not among them'; in "
                f"{task.absent_share:.0%} of line-ups the person is not there."
            )
        case SpeakerSimilarityTask():
            return "Similarity of two voices, 1 to 5; half of the pairs are one speaker."
        case EmotionTask():
            intense = ", and how intense" if task.intensity else ""
            return f"Which emotion (forced choice of {listed(list(task.emotions))}){intense}."


def _wording(question: questions.Question) -> str:
    words = question.words["en"]
    if question.widget == "scale":
        ends = f"1 ({words.low}) to {question.points} ({words.high})"
        return f"“{words.text}” {ends}."
    labels = [words.labels.get(value, value) for value in question.options]
    return f"“{words.text}” {'; '.join(labels)}."
