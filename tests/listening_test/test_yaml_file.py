"""Reading a study: one sentence for every fault, with its place, and never anything but StudyError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test import yaml_file
from listening_test.study import Study, StudyError
from listening_test.yaml_file import form_to_yaml, load_study, parse_study

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "studies"


def tree(**changes: Any) -> dict[str, Any]:
    """A small study, as its YAML says it."""
    return {
        "name": "small",
        "title": "Small",
        "public_title": {"en": "Voices"},
        "languages": ["en"],
        "consent": {"version": "1", "text": {"en": "I agree."}},
        "clips": {"folder": "voices"},
        "systems": ["original", {"system": "mcadams", "params": {"alpha_min": 0.6}}],
        "tasks": [{"type": "mos"}, {"type": "same-different", "trials_per_system": 2}],
        "ethics": {
            "voices": "CC0, made by us",
            "controller": "A. B.",
            "clip_language": "English",
            "debrief": {"en": "It was about voices."},
        },
        "thank_you": {"en": "Thanks."},
    } | changes


def fault(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "small.yaml")
    return str(caught.value)


def fault_of(**changes: Any) -> str:
    return fault(yaml.safe_dump(tree(**changes), sort_keys=False, allow_unicode=True))


def test_a_small_study_is_read_with_its_defaults():
    study = parse_study(yaml.safe_dump(tree()))
    assert study.labels == ("original", "mcadams")
    assert study.task_keys() == ("mos", "same-different")
    assert study.screening.headphones == "required"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"titel": "x"}, 'titel: there is no key "titel" here; the nearest is "title"'),
        ({"limits": {"listners": 3}}, 'limits.listners: there is no key "listners" here; the nearest is "listeners"'),
        ({"tasks": [{"type": "mos", "trials_per_sytem": 3}]}, 'tasks[0].trials_per_sytem: there is no key'),
        ({"tasks": [{"type": "mos", "voices": 3}]}, '(of trials_per_system, systems, type, questions, reference)'),
        ({"tasks": [{"type": "mos"}, {"type": "line-up", "voices": 2}]}, "tasks[1].voices: a number of at least 3 was"),
        ({"tasks": [{"type": "same-diferent"}]}, "tasks[0].type: one of mos, same-different,"),
        ({"tasks": [{"type": "same-diferent"}]}, "did you mean same-different?"),
        ({"tasks": [{"trials_per_system": 1}]}, "tasks[0]: a task says of what type it is"),
        ({"tasks": [{"type": "mos", "questions": ["natural"]}]}, "tasks[0].questions[0]: one of overall_quality,"),
        ({"tasks": []}, "tasks: at least 1 entries were expected, but nothing came"),
        ({"tasks": "mos"}, "tasks: a list (lines that start with a hyphen) was expected"),
        ({"systems": [{"system": "mcadams", "lable": "a"}]}, 'the nearest is "label"'),
        ({"systems": ["mcadams", "mcadams"]}, "systems: two systems are called mcadams: give each a label of its own."),
        ({"systems": [{"system": ["mcadams"]}]}, "systems[0].system: a text was expected, but a list came"),
        ({"systems": [3]}, "systems[0]: a list of keys and values was expected, but 3 came"),
        ({"clips": {}}, "clips has either folder or manifest: give one of them."),
        ({"clips": {"folder": "a", "manifest": "b"}}, "clips has either folder or manifest"),
        ({"consent": {"version": 1, "text": {"en": "x"}}}, "consent.version: a text was expected, but 1 came: put"),
        ({"consent": {"text": {"en": "x"}}}, "consent.version: this is needed, but it is missing: add it."),
        ({"name": "Small Study"}, "name: small letters, digits and hyphens"),
        ({"public_title": "Voices"}, "public_title: a text for each language was expected"),
        ({"public_title": {"fr": "Voix"}}, "public_title.fr: one of en, de was expected"),
        ({"languages": ["fr"]}, "languages[0]: one of en, de was expected"),
        ({"limits": {"listeners": "many"}}, 'limits.listeners: a whole number was expected, but "many" came'),
        ({"limits": {"listeners": 10**12}}, "limits.listeners: a number of at most 100000 was expected"),
        ({"limits": {"minutes": float("inf")}}, "limits.minutes: a number with an end was expected, but inf came"),
        ({"limits": {"minutes": float("nan")}}, "limits.minutes: a number with an end was expected"),
        ({"design": {"seed": 10**30}}, "design.seed: a number of at most 18 digits was expected"),
        ({"ethics": {}}, "ethics.debrief: this is needed"),
        ({"masked": "perhaps"}, 'masked: true or false was expected, but "perhaps" came'),
        ({"title": "a\0b"}, "title: a text was expected, but it holds control characters"),
        ({"questionnaire": [{"key": "comment", "widget": "text", "text": {"en": "?"}}]}, "questionnaire[0].key"),
    ],
)  # fmt: skip
def test_a_fault_is_a_sentence_with_its_place(changes, said):
    assert said in fault_of(**changes)


def test_every_fault_is_told_at_once():
    said = fault_of(titel="x", masked="perhaps", limits={"listners": 3}).splitlines()
    assert len(said) == 3
    assert all(line.startswith("small.yaml: ") for line in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing came"),
        ("- 1", "a list came"),
        ("hello", '"hello" came'),
        ("name: a\ntitle: b\nname: c", 'line 3: each key stands once, but "name" stands twice'),
        ("tasks:\n  - type: mos\n    type: mos", 'line 3: each key stands once, but "type"'),
        ("name: [a", "line 1: YAML was expected"),
        ("name: a: b", "mapping values are not allowed"),
        ("\tname: a", "line 1: YAML was expected"),
        ("name: a\n---\nname: b", "a second document"),
        ("a: &a [1]\nb: *a", "an anchor or alias"),
        ("a: &a [1]\nb: [*a, *a]\nc: [*a, *a]", "an anchor or alias"),
        ("name: !!python/object/apply:os.system [ls]", "a tag (!)"),
        ("name: !env HOME", "a tag (!)"),
        ("a: " + "[" * 5000, "levels of nesting"),
        ("a: " + "{b: " * 5000, "levels of nesting"),
        ("name: 2026-11-21", "name: a text or a number was expected"),
        ("? [a, b]\n: 1", "every key is a text"),
        ("1: 2", "every key is a text, but 1 came: put it in quotes"),
        ("name: \0", "cannot be read"),
        ("name: 2001-99-99", "cannot be read"),
        ("name: 0x_", "cannot be read"),
        ("a: " + "9" * 5000, "cannot be read"),
        ("a: '" + "x" * 300_000, "at most 256 kB"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text, said):
    assert said in fault(text)


def test_aliases_are_refused_before_they_can_multiply():
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert "line 1: plain YAML was expected" in fault("\n".join(lines))


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
    | st.text("ab:-[]{}&*!|>'\"#?,%@` \n\t0_.~<", max_size=40)
)
def test_any_text_is_a_study_error(text):
    with pytest.raises(StudyError):
        parse_study(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["en", "type", "system", "text"]), inner, max_size=3)
    ),
    max_leaves=5,
)
PLACES = [
    *((key,) for key in Study.model_fields),
    *((key, inner) for key in ("consent", "clips", "ethics", "limits", "design") for inner in ("x", "text", "seed")),
    ("tasks", 0), ("tasks", 1), ("systems", 0), ("systems", 1), ("systems", 1, "params"), ("tasks", 1, "pairs"),
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_anywhere_is_read_or_a_study_error(place, value):
    spoiled: Any = tree(limits={}, design={}, screening={})
    here = spoiled
    for part in place[:-1]:
        here = here[part]
    here[place[-1]] = value
    try:
        study = parse_study(yaml.safe_dump(spoiled, allow_unicode=True))
    except StudyError:
        return
    assert parse_study(form_to_yaml(study)) == study


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n: #'\"-"), max_size=40
)
WORDS = TEXTS.map(lambda text: f"a{text}b") | st.sampled_from(
    ["1", "2026-11-21", "yes", "null", "1e3", "0o7", "~", "=1+1"]
)


@settings(max_examples=100, deadline=None)
@given(
    WORDS, WORDS, st.dictionaries(st.sampled_from(["a", "b"]), WORDS | st.integers(-5, 5) | st.booleans(), max_size=2)
)
def test_what_is_written_reads_back_the_same(text, version, params):
    study = Study.model_validate(
        tree(
            consent={"version": version[:40], "text": {"en": text, "de": text}},
            systems=["original", {"system": "original", "label": "again", "anchor": None, "params": params}],
        )
    )
    assert parse_study(form_to_yaml(study)) == study


def test_what_is_written_leaves_defaults_out():
    written = form_to_yaml(parse_study(yaml.safe_dump(tree())))
    assert "screening" not in written
    assert "anchor" not in written
    assert "alpha_min: 0.6" in written


def test_a_file_is_read_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(tree()), encoding="utf-8-sig")
    assert load_study(path).name == "small"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe\x00", "save it as UTF-8"),
        (b"x" * (yaml_file.LARGEST_BYTES + 1), "it is larger"),
        (b"", "nothing came"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, data, said):
    path = tmp_path / "small.yaml"
    path.write_bytes(data)
    with pytest.raises(StudyError, match=said):
        load_study(path)


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(StudyError, match="cannot be read"):
        load_study(tmp_path / name)
