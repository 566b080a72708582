"""A link that holds the settings of a comparison (never the clip), and back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from anonymizers import registry, runner
from anonymizers.base import AnonymizerError
from anonymizers.runner import Job
from web.comparison import Asked

LEVELS = ("utterance", "speaker")


def to_query(asked: Asked) -> str:
    """The settings as a query string; parameters at their defaults are left out."""
    pairs = [("systems", ",".join(job.key for job in asked.jobs)), ("seed", str(asked.seed)), ("level", asked.level)]
    if asked.speaker:
        pairs.append(("speaker", asked.speaker))
    for job in asked.jobs:
        defaults = {param.name: param.default for param in registry.info(job.key).params}
        pairs += [(f"{job.key}.{name}", _text(value)) for name, value in job.params.items() if value != defaults[name]]
    return urlencode(pairs, safe=",")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def from_query(query: Mapping[str, str]) -> tuple[Asked | None, list[str]]:
    """The settings in a query, or None if it holds none; and a sentence for each thing in it that does not fit."""
    if "systems" not in query:
        return None, []
    faults: list[str] = []
    jobs = []
    for key in dict.fromkeys(filter(None, query["systems"].split(","))):
        given = {name.partition(".")[2]: value for name, value in query.items() if name.startswith(f"{key}.")}
        try:
            jobs.append(Job(key, runner.check_params(registry.info(key), given)))
        except AnonymizerError as error:
            faults.append(f"The link asks for something that is not there: {error}")
    return Asked(jobs, _seed(query, faults), _level(query, faults), query.get("speaker", "")[:80]), faults


def _seed(query: Mapping[str, str], faults: list[str]) -> int:
    text = query.get("seed", "0")
    if text.isdigit() and len(text) < 10:
        return int(text)
    faults.append("The link's seed is not a whole number from 0 to 999999999: 0 is used.")
    return 0


def _level(query: Mapping[str, str], faults: list[str]):
    text = query.get("level", "utterance")
    if text in LEVELS:
        return text
    faults.append('The link\'s level is neither "utterance" nor "speaker": "utterance" is used.')
    return "utterance"
