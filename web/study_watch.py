"""How a study is going, in the form its owner may see: systems as letters while it is masked and open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from listening_test.store import Store
    from listening_test.store_records import StudyInfo, Watch


@dataclass(frozen=True)
class Watched:
    """`counts` by masked systems where `masked`; of `screened` who finished, the answers of `usable` count."""

    counts: Watch
    masked: bool
    screened: int
    usable: int

    @property
    def median_minutes(self) -> float | None:
        """Of those who finished."""
        return median(self.counts.minutes) if self.counts.minutes else None


def watch(store: Store, info: StudyInfo) -> Watched:
    """What the owner's page shows of the participants of a study."""
    from listening_test import export, screening

    counts = store.counts(info.id)
    if is_masked(info):
        letters = export.masks(info.study)
        per_system = {letters.get(label, label): count for label, count in counts.answers_per_system.items()}
        counts = replace(counts, answers_per_system=dict(sorted(per_system.items())))
    finished: dict[str, list[dict]] = {}
    for row in store.table(info.id):
        if row["listener_state"] == "finished":
            finished.setdefault(row["listener"], []).append(row)
    usable = sum(screening.screen(info.study, rows).use for rows in finished.values())
    return Watched(counts, is_masked(info), len(finished), usable)


def is_masked(info: StudyInfo) -> bool:
    """Whether systems are to be letters: until a masked study closes."""
    return info.study.masked and info.state != "closed"
