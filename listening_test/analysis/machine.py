"""People beside machines: the pairs of recordings that listeners compared, judged by machine attackers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from evaluation.attackers import Attacker, AttackerError, AttackerInfo, available
from listening_test.analysis import panel, pooled
from listening_test.analysis.answers import Answers
from listening_test.analysis.machine_trials import Embeddings, Fact, Trials, facts_of
from listening_test.analysis.table import Column, Table
from listening_test.study import SameDifferentTask

if TYPE_CHECKING:
    import pandas as pd

    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin

MACHINE = Table(
    "machine",
    "People and machines on the same pairs",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("attacker", "Who judged"),
        Column("knows", "What the attacker was trained on, and knows of the system and the speakers"),
        Column("protocol", "How trials and scores came about, and on which data"),
        Column("trials", "Distinct pairs of recordings"),
        Column("auc", "Area under the ROC curve; 0.5 is chance"),
        Column("auc_low", "Lower end of its interval"),
        Column("auc_high", "Upper end of it"),
        Column("eer", "Equal error rate, 0 to 1; 0.5 is chance. Not defined within listeners"),
        Column("eer_low", "Lower end of its interval"),
        Column("eer_high", "Upper end of it"),
        Column("spearman", "Machines: rank correlation with the panel over pairs of one kind (same, or different)"),
        Column("spearman_low", "Lower end of its interval"),
        Column("spearman_high", "Upper end of it"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="The attacker with the highest AUC decides how private a system is, be it people or a machine.",
    method=(
        "Machines score each distinct pair once, from the very sounds that were played; people's answers are many for "
        "each pair. All are compared on the same pairs. Intervals hold for other speakers, those of people for other "
        "listeners too (two-way bootstrap; within listeners a mixed model)."
    ),
    caution=(
        "A weak attacker overestimates privacy: that no strong one is in the table means that none was available here. "
        "People and machines need not agree on which pairs are hard: asked which of two recordings was anonymized, "
        "another task, people agreed with no automatic metric (Tayebi Arasteh et al. 2025, arXiv 2505.00409)."
    ),
)
ROC = Table(
    "machine_roc",
    "People and machines: receiver operating characteristic",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("attacker", "Who judged"),
        Column("threshold", "Scores at or above it count as the same; empty for none at all"),
        Column("false_alarm_rate", "Share of different-speaker pairs called the same"),
        Column("hit_rate", "Share of same-speaker pairs called the same"),
    ),
    reading="The curve nearest to the upper left corner is the better attacker; the diagonal is chance.",
    method="Step curves, equal scores share a threshold; long ones are thinned to 60 points.",
    caution=pooled.FLATTERS,
)


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """`machine` and `machine_roc`: every attacker that is available judges the sounds that were compared.

    What they hear in a voice is a voiceprint: it is computed anew each time, once for each sound, and kept nowhere.
    """
    from listening_test import export

    if not any(isinstance(task, SameDifferentTask) for task in info.study.tasks):
        return []
    answers = Answers(info.study, export.frame(store.table(info.id, origins), info.study))
    compared = facts_of(own for _, own in panel.chosen(answers))
    ids = {one.key: one.id for one in store.stimuli(info.id) if one.key in compared}
    heard = embeddings(tuple(available().values()), ids, store.audio)
    return tables(answers, heard, {clip.key: clip.session for clip in info.clips})


def embeddings(
    attackers: Collection[Attacker], ids: Mapping[str, int], audio: Callable[[int], bytes]
) -> dict[AttackerInfo, Embeddings]:
    """What each attacker hears in each sound; without sounds that are gone, or in which it hears nothing.

    Args:
        ids: number of each sound, by its key. audio: the WAV of a sound by its number; asked once for each.
    """
    from audio.clip import decode
    from listening_test.store_records import NotFound

    found: dict[AttackerInfo, dict[str, Any]] = {attacker.info: {} for attacker in attackers}
    for key, number in ids.items():
        try:
            clip = decode(audio(number)).clip
        except NotFound:
            continue
        for attacker in attackers:
            with suppress(AttackerError):
                found[attacker.info][key] = attacker.embed(clip)
    return dict(found)


def tables(
    answers: Answers, heard: Mapping[AttackerInfo, Embeddings], sessions: Mapping[str, str] | None = None
) -> list[Table]:
    """`machine` and `machine_roc` of the answers, and of what each attacker heard in each sound.

    Args:
        sessions: the session in which each clip was recorded, by the clip's key; "" where it is not known.
    """
    rows: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    chosen = panel.chosen(answers)
    facts = facts_of(own for _, own in chosen)
    for named, own in chosen:
        trials = Trials.of(answers, named, own, heard, facts)
        notes = [*trials.notes, *_one_session(trials.pairs, facts, sessions or {})]
        for attacker, row, curve in trials.rows():
            said = " ".join(filter(None, [row.pop("note", ""), *notes]))
            rows.append({**named, "attacker": attacker, "trials": len(trials.pairs), **row, "note": said})
            points += [{**named, "attacker": attacker, **point} for point in curve]
    reason = "" if rows else "Nobody has compared two voices yet."
    return [MACHINE.filled(rows, reason=reason), ROC.filled(points, reason=reason)]


def _one_session(pairs: pd.DataFrame, facts: Mapping[str, Fact], sessions: Mapping[str, str]) -> Iterator[str]:
    """How many pairs of one speaker may be of one session."""
    same = pairs[pairs["same"].to_numpy(bool)]
    sides = [[sessions.get(facts[key].clip, "") for key in same[side]] for side in panel.SIDES]
    apart = sum(bool(one and other) and one != other for one, other in zip(*sides, strict=True))
    if apart < len(same):
        yield (
            f"{len(same) - apart} of {len(same)} pairs of one speaker are of one recording session or of unknown ones: "
            "there a machine may know the room or the microphone again."
        )
