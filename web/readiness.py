"""Whether a system that needs weights can be ticked now, and what the page says of its weights."""

from __future__ import annotations

from collections.abc import Sequence
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
        head = "Needs training" if status.state == "needs training" else "Not here"
        return Readiness(False, _said(head, f"{status.detail.rstrip('.')}."))
    if asked := licences.to_accept(refs):
        return _licence(_alike(asked), weights.missing(refs), strangers=strangers)
    gone = weights.missing(refs)
    offered = _alike(licences.to_accept(others)) if strangers else ()
    more = f"<br>{_terms(offered, 'For some of its parameters:')} {FOR_ALL}" if offered else ""
    to_accept = offered[0] if offered else None
    if not gone:
        listed = f"{', '.join(_named(refs))}." if refs else ""
        return Readiness(status.state == "ready", _said("Weights", listed, more) if refs or more else "", to_accept)
    if offline:
        return Readiness(False, _said("Not here", f"{weights.forbidden(gone[0])}."))
    if not strangers:
        return Readiness(False, _said("Not here yet", f"{', '.join(_named(gone))}. {BY_OWNER.format(do='fetch them')}"))
    return Readiness(True, _said(f"Downloads {_size(gone)}first, once", f"{_listed(gone)}.", more), to_accept)


def _alike(asked: Sequence[WeightRef]) -> tuple[WeightRef, ...]:
    """Those under the licence of the first: one button accepts it for all of them."""
    return tuple(ref for ref in asked if ref.licence == asked[0].licence)


def _licence(asked: Sequence[WeightRef], gone: Sequence[WeightRef], *, strangers: bool) -> Readiness:
    then = f"<br>Then it downloads {_size(gone)}once: {escape(_listed(gone))}." if gone else ""
    who = FOR_ALL if strangers else BY_OWNER.format(do="accept it")
    return Readiness(False, f'<p class="vv-weights">{_terms(asked)} {who}{then}</p>', asked[0] if strangers else None)


def _terms(asked: Sequence[WeightRef], head: str = "Licence to accept:") -> str:
    """A licence, what it forbids, and of which weights it is."""
    use = "" if asked[0].commercial else ", which forbids commercial use"
    titles = escape("; ".join(ref.title for ref in asked))
    return f"<strong>{head} {escape(asked[0].licence)}</strong>{use}. It is that of: {titles}."


def _named(refs: Sequence[WeightRef]) -> list[str]:
    sizes = [weights.megabytes(ref.bytes) if ref.bytes else "size not known" for ref in refs]
    return [f"{ref.title} ({size}, {ref.licence})" for ref, size in zip(refs, sizes, strict=True)]


def _size(gone: Sequence[WeightRef]) -> str:
    """How much is fetched, with a space behind it; "" where that is not known."""
    return f"{weights.megabytes(weights.to_come_bytes(gone))} " if all(ref.bytes for ref in gone) else ""


def _listed(gone: Sequence[WeightRef]) -> str:
    """What is fetched, and whether a part of it is here already."""
    here = sum(ref.bytes for ref in gone) - weights.to_come_bytes(gone)
    rest = f"; {weights.megabytes(here)} have come already" if here > 0 and _size(gone) else ""
    return f"{', '.join(_named(gone))}{rest}"


def _said(head: str, text: str, more: str = "") -> str:
    """`more` is HTML already."""
    upper = f"{text[:1].upper()}{text[1:]}" if head == "Not here" else text
    return f'<p class="vv-weights"><strong>{head}:</strong> {escape(upper)}{more}</p>'
