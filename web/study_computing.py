"""What the process that computes results does: it reads the answers from the database by itself."""

from __future__ import annotations

import os
from typing import Any

from listening_test.store_records import Origin

NICER = 10


def step_back() -> None:
    """Let pages and comparisons come first: this process takes the time that they leave."""
    if hasattr(os, "nice"):
        os.nice(NICER)


def compute(url: str, study_id: int, origin: Origin, part: str = "") -> tuple[str, dict[str, Any]]:
    """Results of a study, or one of the parts that need its sounds (results.EXTRAS), as JSON values.

    The fingerprint that comes with them is of before the answers were read.

    Raises:
        StoreError: if the study is not there, or the database cannot say.
    """
    from listening_test.analysis import results
    from listening_test.store import Store

    with Store.open(url) as store:
        fingerprint, info = store.fingerprint(study_id, (origin,)), store.study(study_id)
        if not part:
            return fingerprint, results.of(store, info, (origin,)).to_json()
        tables = results.extra(part, store, info, (origin,))
        return fingerprint, {"tables": [table.to_json() for table in tables]}
