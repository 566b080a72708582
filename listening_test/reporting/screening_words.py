"""The screening rules of a study in words."""

from __future__ import annotations

from collections.abc import Iterator

from listening_test.reporting.card import Fact, count
from listening_test.study import Study


def rules(study: Study) -> Iterator[Fact]:
    """Who is asked on, whose answers count, and who is paid."""
    rules_ = study.screening
    yield Fact("Headphones", _headphones(study))
    fluency = {
        "required": "Asked; who does not understand the clips' language is sent back.",
        "recorded": "Asked and recorded; nobody is sent back.",
        "off": "Not asked.",
    }
    yield Fact("Hearing", "Asked and recorded; nobody is sent back." if rules_.hearing else "Not asked.")
    yield Fact("Language", fluency[rules_.fluency])
    if rules_.attention_checks:
        yield Fact(
            "Attention checks",
            f"{rules_.attention_checks} spoken checks; at least {min(rules_.attention_pass, rules_.attention_checks)} "
            "must be passed, or the answers are not used (ITU-T P.808).",
        )
    else:
        yield Fact("Attention checks", "None.")
    if rules_.gold:
        yield Fact(
            "Items with a known answer",
            f"{count(rules_.gold, 'item')} in each rated task, right within {count(rules_.gold_tolerance, 'point')}; "
            "more than half must be right, or the answers are not used.",
        )
    yield Fact(
        "Variance",
        f"Answers are not used if the ratings vary by less than {rules_.min_rating_variance:g} (variance around the "
        "mean of each question, pooled; ITU-T P.808).",
    )
    yield Fact("Unfinished", "Answers of listeners who did not finish, or were sent back, are not used.")
    yield Fact(
        "Pay is not use",
        "Who took part in good faith is paid, used or not. Not paid is only who did not finish, and who passed no "
        "attention check and always gave the same rating.",
    )


def _headphones(study: Study) -> str:
    rules_ = study.screening
    if rules_.headphones == "off":
        return "Not checked."
    check = f"Three-tone antiphase check (Woods et al. 2017), {rules_.headphones_pass} of 6 to pass"
    if rules_.headphones == "recorded":
        return f"{check}; recorded, nobody is sent back."
    return f"{check}, {count(rules_.headphone_attempts, 'attempt')}; who fails is sent back, and paid."
