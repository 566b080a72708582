"""How a system looks and what it is called: the registry's name, colour and dash, neutral ones for what it lacks."""

from __future__ import annotations

from audio.marks import Style

UNKNOWN_COLOUR = "#8A8F98"


def look(system: str) -> Style:
    """The style of a system by its key; one that is not registered keeps its key as its name."""
    from anonymizers import registry
    from anonymizers.base import AnonymizerError

    try:
        entry = registry.entry(system)
        return {"name": registry.info(system).title, "colour": entry.colour, "dash": entry.dash, "symbol": "circle"}
    except AnonymizerError:
        return {"name": system, "colour": UNKNOWN_COLOUR, "dash": "solid", "symbol": "circle"}
