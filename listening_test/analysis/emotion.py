"""Which emotion is heard: recall of each, their mean, the confusions, and how intense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed, resampling
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import COLUMNS, Estimate
from listening_test.analysis.table import Column, Table
from listening_test.study import EmotionTask

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
ALL = "all"
EMOTION = Table(
    "emotion",
    "Emotion: what is still heard",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("system", "System"),
        Column("measure", "UAR, recall, share of answers (of all answers those that name it), or intensity (1 to 5)"),
        Column("emotion", "The acted emotion (for share of answers the one that was named), or all"),
        *COLUMNS,
    ),
    reading="Higher recall = the emotion survives. Guessing gives one in as many as there are emotions to choose from.",
    method=(
        "Recall: share of the clips with this acted emotion heard as it (mixed model, crossed listeners and speakers). "
        "UAR: mean of the recalls (two-way bootstrap). Intensity: mean rating."
    ),
    caution=(
        "Never read the UAR alone: it hides an emotion that is taken for another. Compare with the original: of acted "
        "emotions people recognise about 41 % among six by sound alone (Cao et al. 2014)."
    ),
)
CONFUSION = Table(
    "confusion",
    "Emotion: what is taken for what",
    (
        Column("system", "System"),
        Column("acted", "Emotion that was acted"),
        Column("answered", "Emotion that was heard"),
        Column("answers", "How many answers"),
        Column("share", "Share of the answers to clips with this acted emotion"),
    ),
    reading="Each row adds up to 1; its diagonal is the recall. Dark elsewhere = one taken for another.",
    method="Counts of answers, exclusions applied, every cell.",
    caution="Cells rest on few answers; a forced choice makes a guess look like an answer.",
)


def tables(answers: Answers) -> list[Table]:
    """`emotion` and `confusion` of the emotion tasks."""
    emotions = emotions_of(answers)
    if not emotions:
        reason = "This study does not ask for emotions."
        return [EMOTION.filled([], reason=reason), CONFUSION.filled([], reason=reason)]
    rows = [row for exclusions in EXCLUSIONS for row in _rows(answers, exclusions, emotions)]
    reason = "" if rows else "Nobody has named an emotion yet."
    cells = [cell for one in answers.by_system(answers.rated("emotion")) for cell in _cells(*one, emotions)]
    return [EMOTION.filled(rows, reason=reason), CONFUSION.filled(cells, reason=reason)]


def emotions_of(answers: Answers) -> list[str]:
    """The emotions that listeners chose from, in the order of the study."""
    tasks = [task for task in answers.study.tasks if isinstance(task, EmotionTask)]
    return list(dict.fromkeys(emotion for task in tasks for emotion in task.emotions))


def _rows(answers: Answers, exclusions: Exclusions, emotions: list[str]) -> Iterator[dict[str, Any]]:
    intensities = dict(answers.by_system(answers.rated("intensity", exclusions)))
    for system, own in answers.by_system(answers.rated("emotion", exclusions)):
        for measure, emotion, found in _estimates(
            answers, own, intensities.get(system), emotions, (exclusions, system)
        ):
            keys = {"exclusions": exclusions, "system": system, "measure": measure, "emotion": emotion}
            yield {**keys, **found.row()}


def _estimates(
    answers: Answers, own: pd.DataFrame, intensities: pd.DataFrame | None, emotions: list[str], names: tuple[str, ...]
) -> Iterator[tuple[str, str, Estimate]]:
    acted, heard = own["emotion"].to_numpy(str), own["value"].to_numpy(str)
    yield "UAR", ALL, _uar(answers, own, acted, heard, names)
    for emotion in emotions:
        chosen = acted == emotion
        yield "recall", emotion, _share(answers, own[chosen], heard[chosen] == emotion, (*names, "recall", emotion))
    for emotion in emotions:
        yield "share of answers", emotion, _share(answers, own, heard == emotion, (*names, "share", emotion))
    if intensities is not None:
        for emotion in (ALL, *emotions):
            part = intensities if emotion == ALL else intensities[intensities["emotion"].eq(emotion).fillna(False)]
            values = part["value_number"].to_numpy(float)
            yield "intensity", emotion, _mean(answers, part, values, (*names, "intensity", emotion))


def _share(answers: Answers, own: pd.DataFrame, right: npt.NDArray[np.bool_], names: tuple[str, ...]) -> Estimate:
    return _mean(answers, own, right.astype(float), names, scale="logit")


def _mean(
    answers: Answers, own: pd.DataFrame, values: Floats, names: tuple[str, ...], scale: crossed.Scale = "identity"
) -> Estimate:
    plan = answers.study.analysis
    return crossed.mean(
        values, own["listener"].to_numpy(str), own["speaker"].to_numpy(str),
        rng=answers.rng("emotion", *names), confidence=plan.confidence, replicates=plan.replicates, scale=scale,
    )  # fmt: skip


def _uar(answers: Answers, own: pd.DataFrame, acted: Any, heard: Any, names: tuple[str, ...]) -> Estimate:
    """Mean of the recalls of the emotions that were acted."""
    classes = np.unique(acted)
    of = (acted[:, None] == classes).astype(float)
    right = of * (acted == heard)[:, None]
    plan = answers.study.analysis
    return resampling.interval(
        lambda weights: np.mean((weights @ right) / (weights @ of), 1),
        own["listener"].to_numpy(str), own["speaker"].to_numpy(str), rng=answers.rng("uar", *names),
        replicates=plan.replicates, confidence=plan.confidence, scale="logit",
    )  # fmt: skip


def _cells(system: str, own: pd.DataFrame, emotions: list[str]) -> Iterator[dict[str, Any]]:
    pairs = Counter(zip(own["emotion"].to_numpy(str).tolist(), own["value"].to_numpy(str).tolist(), strict=True))
    for acted in emotions:
        whole = sum(pairs[acted, answered] for answered in emotions)
        for answered in emotions:
            count = pairs[acted, answered]
            share = count / whole if whole else None
            yield {"system": system, "acted": acted, "answered": answered, "answers": count, "share": share}
