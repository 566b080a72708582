"""Are these two recordings of the same person? Six answers, from definitely different to definitely the same."""

from __future__ import annotations

from listening_test.study import SameDifferentTask, Study
from listening_test.tasks.base import anonymizers, original
from listening_test.tasks.pairs import OO, Condition, Pairs

SIGNED = ("-3", "-2", "-1", "1", "2", "3")


class SameDifferent(Pairs):
    """Each kind of pair with each anonymizer; pairs of originals, the ceiling, once."""

    def __init__(self, study: Study, task: SameDifferentTask, key: str) -> None:
        conditions = [
            Condition(pair, system)
            for pair in dict.fromkeys(task.pairs)
            for system in ((original(study),) if pair == OO else anonymizers(study, task))
        ]
        super().__init__(study, key, "same_different", SIGNED, conditions, task.trials_per_system)

    def _expected(self, same: bool) -> dict[str, list[str]]:
        return {self.question: [value for value in SIGNED if (int(value) > 0) == same]}
