"""Whether a system that needs weights can be ticked now, and what the page says of its weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from anonymizers import licences, registry, weights
from anonymizers.weights import WeightRef

BY_OWNER = "The owner of this app has to {do} first, on the page Models of /admin."
FOR_ALL = "Accepting counts for everybody who uses this app."


@dataclass(frozen=True)
class Readiness:
    """What the form shows of one system.

    Attributes:
        tickable: whether its box can be ticked.
        html: what is said of its weights; "" if it needs none.
        to_accept: whose licence a button here accepts; None if there is nothing to accept, or it is not for visitors.
    """

    tickable: bool
    html: str = ""
    to_accept: WeightRef | None = None


def of(key: str, *, strangers: bool, offline: bool = False) -> Readiness:
    """How things stand. `strangers`: whether visitors may accept licences and cause downloads."""
    status, refs = registry.status(key), registry.info(key).weights
    others = tuple(ref for ref in registry.weights_of(key) if ref not in refs)
    if status.state in ("needs training", "unavailable"):
        return Readiness(
            False, _said("Needs training" if status.state == "needs training" else "Not here", status.detail)
        )
    if asked := licences.to_accept(refs):
        return _licence(asked[0], weights.missing(refs), strangers=strangers)
    gone = weights.missing(refs)
    offered = next(iter(licences.to_accept(others)), None) if strangers else None
    more = f"<br>{_terms(offered, 'For some of its parameters:')} {FOR_ALL}" if offered else ""
    if not gone:
        listed = f"{', '.join(_named(refs))}." if refs else ""
        return Readiness(status.state == "ready", _said("Weights", listed, more) if refs else "", offered)
    if offline:
        return Readiness(False, _said("Not here", f"{weights.forbidden(gone[0])}."))
    if not strangers:
        return Readiness(False, _said("Not here yet", f"{', '.join(_named(gone))}. {BY_OWNER.format(do='fetch them')}"))
    return Readiness(True, _said("Downloads first, once", f"{_listed(gone)}.", more), offered)


def _licence(ref: WeightRef, gone: Sequence[WeightRef], *, strangers: bool) -> Readiness:
    then = f" Then it downloads, once: {escape(_listed(gone))}." if gone else ""
    if not strangers:
        return Readiness(False, f'<p class="vv-weights">{_terms(ref)} {BY_OWNER.format(do="accept it")}{then}</p>')
    return Readiness(False, f'<p class="vv-weights">{_terms(ref)} {FOR_ALL}{then}</p>', ref)


def _terms(ref: WeightRef, whose: str = "Licence to accept:") -> str:
    """The licence and what it forbids."""
    use = "" if ref.commercial else ", which forbids commercial use"
    return f"<strong>{whose}</strong> {escape(ref.title)} is under {escape(ref.licence)}{use}."


def _named(refs: Iterable[WeightRef]) -> list[str]:
    return [f"{ref.title} ({weights.megabytes(ref.bytes) + ', ' if ref.bytes else ''}{ref.licence})" for ref in refs]


def _listed(gone: Sequence[WeightRef]) -> str:
    """What is fetched, and how much in all."""
    total, to_come = sum(ref.bytes for ref in gone), weights.to_come_bytes(gone)
    known = all(ref.bytes for ref in gone)
    whole = f", {weights.megabytes(total)} in all" if len(gone) > 1 and known else ""
    rest = f", {weights.megabytes(to_come)} of it still to come" if known and to_come < total else ""
    return f"{', '.join(_named(gone))}{whole}{rest}"


def _said(head: str, text: str, more: str = "") -> str:
    """`more` is HTML already."""
    upper = f"{text[:1].upper()}{text[1:]}" if head == "Not here" else text
    return f'<p class="vv-weights"><strong>{head}:</strong> {escape(upper)}{more}</p>'
