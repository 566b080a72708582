"""Before a system runs: its licences accepted, its weights here, whole and the published ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from anonymizers import licences, registry, weights
from anonymizers.base import Progress, silent
from anonymizers.weights import WeightRef


def prepare(
    key: str, params: Mapping[str, Any], *, progress: Progress = silent, cancelled: threading.Event | None = None
) -> None:
    """See to it that a system has what it needs at these parameters (all of them, checked); fetches what is missing.

    Raises:
        AnonymizerError: as prepare_weights.
    """
    prepare_weights(registry.needs(key, params), progress=progress, cancelled=cancelled)


def prepare_weights(
    refs: Sequence[WeightRef],
    *,
    progress: Progress = silent,
    cancelled: threading.Event | None = None,
    thorough: bool = False,
) -> None:
    """All of these weights, one after the other, the fraction told being that of all; `thorough`: see download.fetch.

    Raises:
        DownloadStopped: once `cancelled` is set.
        AnonymizerError: if a licence is not accepted, or weights cannot be had; nothing is fetched if one must be
            trained first.
    """
    if not refs:
        return
    from anonymizers import download

    licences.required(refs)
    # What must be trained is told before hours of download.
    ordered = sorted(refs, key=lambda ref: ref.source != "here")
    shares = [max(1, weights.to_come_bytes((ref,))) for ref in ordered]
    before = 0
    for ref, share in zip(ordered, shares, strict=True):
        begin, span = before / sum(shares), share / sum(shares)

        def part(fraction: float, doing: str, begin: float = begin, span: float = span) -> None:
            progress(begin + span * fraction, doing)

        download.fetch(ref, progress=part, cancelled=cancelled, thorough=thorough)
        before += share
