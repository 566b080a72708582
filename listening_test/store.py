"""The one place that knows where a study's data live: `Store.open(url)`.

Files behind it: store_database.py (connections, durability), store_studies.py, store_listeners.py (places, links),
store_answers.py, store_owner.py (watching, table, payment, retention), store_results.py (kept results, publishing),
store_records.py (what is handed out).
"""

from __future__ import annotations

from listening_test.store_records import (
    AlreadyAnswered,
    Computed,
    DiskFull,
    Enrolled,
    Event,
    Expired,
    HandleInfo,
    Heard,
    Listener,
    ListenerDone,
    ListenerState,
    NotFound,
    Origin,
    Payment,
    StimulusInfo,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    StudyFull,
    StudyInfo,
    StudyNotOpen,
    StudyState,
    TrialInfo,
    Watch,
    WrongState,
)
from listening_test.store_results import Results

__all__ = [
    "AlreadyAnswered",
    "Computed",
    "DiskFull",
    "Enrolled",
    "Event",
    "Expired",
    "HandleInfo",
    "Heard",
    "Listener",
    "ListenerDone",
    "ListenerState",
    "NotFound",
    "Origin",
    "Payment",
    "StimulusInfo",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "StudyFull",
    "StudyInfo",
    "StudyNotOpen",
    "StudyState",
    "TrialInfo",
    "Watch",
    "WrongState",
]


class Store(Results):
    """Studies, listeners and answers in one database; safe to use from many threads and many processes.

    Every method is one transaction of its own. Errors are StoreError and its kinds.
    """
