"""How similar are two voices, 1 to 5? An original, and a recording through each system."""

from __future__ import annotations

from listening_test.study import ORIGINAL, SpeakerSimilarityTask, Study
from listening_test.tasks.base import systems_of
from listening_test.tasks.pairs import OA, OO, Condition, Pairs

POINTS = ("1", "2", "3", "4", "5")


class SpeakerSimilarity(Pairs):
    """Half of the pairs are of one speaker; with the original on both sides they are the ceiling."""

    def __init__(self, study: Study, task: SpeakerSimilarityTask, key: str) -> None:
        conditions = [
            Condition(OO if study.system(label).system == ORIGINAL else OA, label) for label in systems_of(study, task)
        ]
        super().__init__(study, key, "similarity", POINTS, conditions, task.trials_per_system)

    def _expected(self, same: bool) -> dict[str, list[str]]:
        reach = range(self.study.screening.gold_tolerance + 1)
        return {self.question: sorted(str(5 - step) if same else str(1 + step) for step in reach)}
