"""What the process that computes results does: it reads the answers from the database by itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from listening_test.analysis.results import EXTRAS as EXTRAS
from listening_test.store_records import Origin


def compute(url: str, study_id: int, origin: Origin, extra: str = "") -> tuple[str, dict[str, Any]]:
    """Results of a study, or a further part of them: the fingerprint of before the answers were read, and JSON values.

    Raises:
        StoreError: if the study is not there, or the database cannot say.
    """
    from listening_test.analysis import results
    from listening_test.store import Store

    with Store.open(url) as store:
        fingerprint, info = store.fingerprint(study_id, (origin,)), store.study(study_id)
        if not extra:
            return fingerprint, results.of(store, info, (origin,)).to_json()
        tables = import_module(f"listening_test.analysis.{extra}").of(store, info, (origin,))
        return fingerprint, {"tables": [table.to_json() for table in tables]}
