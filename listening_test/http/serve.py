"""Serve the participants' routes on several processes. No log holds an address, a link or an id."""

from __future__ import annotations

import os

import uvicorn

from listening_test.http.app import DATABASE
from listening_test.store import Store

GRACE_S = 5


def serve(url: str, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until interrupted. `url` is a database; `workers` processes share it and nothing else.

    Raises:
        StoreError: if the database cannot be opened, or its tables not be brought up to date.
    """
    Store.open(url).close()  # the tables are brought up to date once, before the processes start
    os.environ[DATABASE] = url
    uvicorn.run(
        "listening_test.http.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
    )
