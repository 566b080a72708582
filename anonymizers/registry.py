"""The list of systems: one line each. Listing them imports no torch, no scipy, and opens no audio or model file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from anonymizers.base import Anonymizer, AnonymizerError, Info, Status
from anonymizers.weights import WeightRef, fingerprint
from anonymizers.weights import status as weights_status


class Entry(NamedTuple):
    """Where a system lives, and its colour (Okabe-Ito; the original is grey) and line style in every plot."""

    path: str
    colour: str
    dash: str = "solid"


ENTRIES: dict[str, Entry] = {
    "original": Entry("anonymizers.original:Original", "#8A8F98"),
    "house": Entry("anonymizers.house:House", "#009E73", "dash"),
    "house-knn": Entry("anonymizers.house_knn:HouseKnn", "#CC79A7", "dash"),
    "house-stream": Entry("anonymizers.house_stream:HouseStream", "#56B4E9", "dash"),
    "mcadams": Entry("anonymizers.mcadams:McAdams", "#E69F00"),
    "pitch-formant": Entry("anonymizers.pitch_formant:PitchFormant", "#56B4E9"),
    "f0-mean-reversion": Entry("anonymizers.f0_mean_reversion:F0MeanReversion", "#009E73"),
    "prosody-scaling": Entry("anonymizers.prosody_scaling:ProsodyScaling", "#D55E00"),
    "devoiced": Entry("anonymizers.devoiced:Devoiced", "#CC79A7"),
    "cascade-offline": Entry("anonymizers.cascade_offline:CascadeOffline", "#0072B2"),
    "ssl-sas": Entry("anonymizers.ssl_sas:SslSas", "#0072B2", "dot"),
    "knn-vc": Entry("anonymizers.knn_vc:KnnVc", "#CC79A7", "dot"),
    "private-knn-vc": Entry("anonymizers.private_knn_vc:PrivateKnnVc", "#D55E00", "dot"),
    "contentvec2mel": Entry("anonymizers.contentvec2mel:ContentVec2Mel", "#56B4E9", "dot"),
    "gengan": Entry("anonymizers.gengan:GenGan", "#E69F00", "dot"),
}


def keys() -> tuple[str, ...]:
    """All systems, the original first."""
    return tuple(ENTRIES)


def entry(key: str) -> Entry:
    """The registry line of a system.

    Raises:
        AnonymizerError: if there is no system of that name.
    """
    try:
        return ENTRIES[key]
    except KeyError:
        raise AnonymizerError(f"There is no system {key!r}; the systems are {', '.join(ENTRIES)}.") from None


def _class(key: str) -> type[Anonymizer]:
    module, name = entry(key).path.split(":")
    return getattr(import_module(module), name)


def info(key: str) -> Info:
    """What a system says of itself, without loading it."""
    return _class(key).info


@cache
def load(key: str) -> Anonymizer:
    """The system, ready to run; loaded once per process."""
    return _class(key)()


def version(key: str) -> str:
    """What tells a system's weights from others: a few digits of a digest; "" for a system without any."""
    told = getattr(_class(key), "version", None)
    if told:
        return told()
    refs = weights_of(key)
    return fingerprint(refs) if refs else ""


def needs(key: str, params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
    """The weights that a system needs at these parameters (all of them, checked)."""
    told = getattr(_class(key), "needs", None)
    return told(params) if told else info(key).weights


def weights_of(key: str) -> tuple[WeightRef, ...]:
    """All weights that a system needs at some parameters, each once; those of the defaults first."""
    one = _class(key)
    return tuple({ref.id: ref for ref in (*one.info.weights, *getattr(one, "every_weight", ()))}.values())


def every_weight() -> tuple[WeightRef, ...]:
    """All weights that some system needs at some parameters, each once."""
    return tuple({ref.id: ref for key in keys() for ref in weights_of(key)}.values())


def status(key: str, params: Mapping[str, Any] | None = None) -> Status:
    """Whether a system can run now at these parameters (the others at their defaults), without downloading or loading
    anything."""
    check = getattr(_class(key), "status", None)
    if check and (own := check()).state != "ready":
        return own
    defaults = {param.name: param.default for param in info(key).params}
    return weights_status(needs(key, {**defaults, **(params or {})}))
