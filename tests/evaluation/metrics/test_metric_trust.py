"""The rules of the trust check, one by one, and that the worst one holds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.bootstrap import Interval, undefined
from evaluation.metrics.trust import LEVELS, Evidence, Training, trust

NAN = float("nan")
ABLE = Evidence(
    eer=Interval(0.42, 0.36, 0.48),
    originals=Interval(0.05, 0.03, 0.08),
    told=Interval(0.03, 0.01, 0.06),
    best_other=0.43,
    best_other_name="mfcc",
)


def test_an_able_attacker_is_trusted() -> None:
    found = trust(ABLE)
    assert found.level == "trusted"
    assert found.sentences == (
        "The attacker is able: its EER is 5.0 % on originals and 3.0 % when told the pseudo-speakers. A better one may "
        "still come.",
    )


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({"eer": undefined("No targets.")}, "not to be trusted", "There is no EER: No targets."),
        ({"eer": Interval(0.6, 0.55, 0.65)}, "not to be trusted", "the wrong way round"),
        ({"eer": Interval(0.52, 0.45, 0.6), "best_other": 0.51}, "trusted", "able"),
        ({"eer": Interval(0.42, NAN, NAN, "One speaker.")}, "doubtful", "no interval: One speaker."),
        ({"eer": Interval(0.42, 0.3, 0.55)}, "doubtful", "anything from 30.0 % to 55.0 %"),
        ({"originals": Interval(0.15, 0.1, 0.2)}, "doubtful", "On originals the attacker has an EER of 15.0 %"),
        ({"originals": Interval(0.3, 0.2, 0.4)}, "not to be trusted", "On originals"),
        ({"originals": undefined("")}, "doubtful", "Nobody tried"),
        ({"told": None}, "doubtful", "There is no control"),
        ({"told": Interval(0.25, 0.2, 0.3)}, "doubtful", "Told the pseudo-speakers"),
        ({"told": Interval(0.45, 0.4, 0.5)}, "not to be trusted", "either it is deaf"),
        ({"told": Interval(0.2, 0.1, 0.3), "eer": Interval(0.23, 0.2, 0.26)}, "doubtful", "hardly helps"),
        ({"best_other": 0.37}, "doubtful", "Another attacker (mfcc) has an EER of 37.0 %"),
        ({"best_other": 0.30}, "not to be trusted", "42.0 % overestimates privacy"),
        ({"best_other": None}, "trusted", "No other attacker"),
        ({"training": Training(20, 400)}, "doubtful", "400 utterances of 20 speakers only"),
        ({"training": Training(900, 9000)}, "trusted", "trained once"),
        ({"training": Training(900, 9000), "repeats": (0.42, 0.35)}, "doubtful", "from 35.0 % to 42.0 %"),
        ({"training": Training(900, 9000), "repeats": (0.42, 0.40)}, "trusted", "able"),
        ({"training": Training(900, 9000), "originals": Interval(0.4, 0.3, 0.5)}, "doubtful", "learned on anonymized"),
    ],
)
def test_each_rule(change: dict[str, object], level: str, said: str) -> None:
    found = trust(replace(ABLE, **change))  # type: ignore[arg-type]
    assert found.level == level
    assert any(said in sentence for sentence in found.sentences)


def test_a_low_eer_needs_no_trust_but_is_no_ceiling_if_others_do_better() -> None:
    poor = Evidence(Interval(0.12, 0.08, 0.17), originals=Interval(0.3, 0.2, 0.4))
    found = trust(poor)
    assert found.level == "trusted"
    assert found.sentences[0].startswith("The attacker recognises people (12.0 %)")
    assert trust(replace(poor, best_other=0.05)).level == "doubtful"


def test_limits_are_within() -> None:
    """Exactly at each limit still passes."""
    edge = Evidence(Interval(0.4, 0.3, 0.5), Interval(0.1, 0.1, 0.1), Interval(0.2, 0.2, 0.2), best_other=0.38)
    assert trust(edge).level == "trusted"


SHARE = st.floats(0, 1) | st.just(NAN)


@given(st.tuples(*[SHARE] * 6), st.booleans())
def test_there_is_always_a_reason(shares: tuple[float, ...], trained: bool) -> None:
    low, value, high = sorted(shares[:3])
    evidence = Evidence(
        Interval(value, low, high), Interval(shares[3], 0, 1), Interval(shares[4], 0, 1), shares[5],
        training=Training(10, 10) if trained else None,
    )  # fmt: skip
    found = trust(evidence)
    assert found.level in LEVELS
    assert found.sentences
    assert all(sentence.endswith(".") and "nan" not in sentence for sentence in found.sentences)
