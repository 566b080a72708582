"""What a study cannot say, read off the study and its data: a sentence each, the gravest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from listening_test.analysis.results import Results
from listening_test.figures.machines import PEOPLE
from listening_test.figures.reidentification import CEILING
from listening_test.figures.say import in_order, looks, words
from listening_test.figures.styles import of
from listening_test.reporting.card import count, listed
from listening_test.study import LOW_ANCHOR, ORIGINAL, Study, StudyClip

FEW_LISTENERS, FEW_SPEAKERS = 20, 20
MANY_EXCLUDED = 0.2


def limitations(study: Study, clips: Sequence[StudyClip], results: Results) -> list[str]:
    """Sentences, most of them only where the data give cause."""
    return [
        *_origin(study, results),
        *_listeners(study, results),
        *_voices(study, clips),
        *_systems(study),
        *_design(study),
        *_estimates(study, results),
    ]


def _origin(study: Study, results: Results) -> Iterator[str]:
    about = results.about
    if about.get("watermark"):
        yield f"{about['watermark']}: these answers are not a study's, and say nothing about people."
    if about.get("state") == "open":
        yield (
            "The study is still open: numbers will change, and stopping when they please makes intervals too narrow. "
            "This report holds the seeds that decide who hears what: keep it to yourself until the study closes."
        )
    if about.get("masked"):
        yield "Systems are letters until the study closes."


def _listeners(study: Study, results: Results) -> Iterator[str]:
    about = results.about
    used, finished, places = (int(about.get(name) or 0) for name in ("used", "finished", "places"))
    places = places or study.limits.listeners
    if used < FEW_LISTENERS:
        yield f"Few listeners: {count(used, 'listener')} used. Intervals are wide, and rest on assumptions."
    if finished < places:
        yield f"{finished} of {places} places were finished: conditions are not fully balanced over listeners."
    if finished and (finished - used) / finished > MANY_EXCLUDED:
        yield (
            f"{finished - used} of {finished} who finished were excluded: compare the estimates with nobody excluded, "
            "which stand beside every one."
        )
    if study.screening.headphones != "required":
        how = "recorded only" if study.screening.headphones == "recorded" else "not checked"
        yield f"Headphones were {how}: some may have listened through loudspeakers, which hides artefacts and identity."
    if study.screening.attention_checks == 0:
        yield "There were no attention checks: careless listeners pull every system towards the middle."
    if study.ethics.language_mismatch_reason:
        yield (
            f"Listeners' languages differ from the clips' ({study.ethics.clip_language}): people tell voices of a "
            "language they do not speak less well."
        )


def _voices(study: Study, clips: Sequence[StudyClip]) -> Iterator[str]:
    speakers = {clip.speaker: clip.sex for clip in clips}
    if len(speakers) < FEW_SPEAKERS:
        yield (
            f"Few speakers: {len(speakers)}. What holds for these voices need not hold for others; more recordings of "
            "the same speakers would not help."
        )
    sexes = Counter(sex for sex in speakers.values() if sex in ("F", "M"))
    if speakers and (min(sexes["F"], sexes["M"]) < 0.25 * len(speakers)):
        yield f"Voices are mostly of one sex ({sexes['F']} female, {sexes['M']} male)."
    compared = any(task.type in ("same-different", "line-up", "speaker-similarity") for task in study.tasks)
    sessions: dict[str, set[str]] = {name: set() for name in speakers}
    for clip in clips:
        sessions[clip.speaker].add(clip.session)
    single = sum(len(found) < 2 for found in sessions.values())
    if compared and single:
        yield (
            f"{single} of {len(speakers)} speakers have recordings of one session only (or sessions are not known): "
            "a room or microphone may be what was recognised."
        )


def _systems(study: Study) -> Iterator[str]:
    from anonymizers import registry

    found = [
        registry.info(one.system) for one in study.systems if one.system in registry.keys() and one.system != ORIGINAL
    ]
    house = sorted({info.title for info in found if info.fidelity == "house-weights"})
    own = sorted({info.title for info in found if info.fidelity == "own-design"})
    if house:
        yield f"{listed(house)}: weights of our own, smaller than the published ones, which may do better."
    if own:
        yield f"{listed(own)}: designed here; no published figure belongs to it."
    rated = any(task.type == "mos" for task in study.tasks)
    kinds = {one.anchor for one in study.systems} | {
        "low" if one.system == LOW_ANCHOR else "original" if one.system == ORIGINAL else None for one in study.systems
    }
    missing = [name for name in ("original", "low", "strong") if name not in kinds]
    if rated and missing:
        yield f"Anchors are missing ({listed(missing)}): listeners then stretch the scale over what they hear."


def _design(study: Study) -> Iterator[str]:
    if any(task.type == "mos" for task in study.tasks):
        yield (
            "Ratings are relative to what else was heard: means of this study are not comparable with those of another "
            "(Cooper and Yamagishi 2023), only differences within it."
        )
    if study.design.original_after_anonymized:
        yield "Originals could be heard after anonymized versions of the same speaker, which helps recognition."
    compared = any(task.type in ("same-different", "line-up") for task in study.tasks)
    if compared and "system-trained" not in study.design.rungs:
        yield "No listener was trained on a system with feedback: an attacker who learns it may recognise more."


def _estimates(study: Study, results: Results) -> Iterator[str]:
    tables = results.tables
    if any(task.type == "same-different" for task in study.tasks):
        machines = _machines(results)
        yield (
            f"Machines that judged the same pairs: {listed(machines)}. A stronger one may recognise more."
            if machines
            else "People alone were the attackers: machines hear what people do not, and no machine's scores are here."
        )
    if open_ := _undecided(results):
        yield (
            f"Neither recognition nor chance is shown for {listed(open_)}: undecided is not private. More listeners "
            "and speakers would tell."
        )
    if short := _imprecise(results):
        yield f"The precision that was asked for beforehand is not reached for: {', '.join(short)}."
    for table in tables.values():
        if table.reason and table.rows:
            yield f"{table.title}: {table.reason}"


def _undecided(results: Results) -> list[str]:
    """Systems for which the equivalence test of anonymized voices stays open, by their short names."""
    table = results.tables.get("equivalence")
    rows = [row for row in table.rows if row["verdict"] == "undecided"] if table else []
    open_ = [row["system"] for row in rows if row["exclusions"] == "applied" and row["pair"] != CEILING]
    return [of(looks(results), label)["name"] for label in in_order(results, open_)]


def _imprecise(results: Results) -> list[str]:
    """What is measured less precisely than was asked for."""
    table = results.tables.get("precision")
    rows = [row for row in table.rows if row["reached"] is False] if table else []
    return list(dict.fromkeys(words(row["question"] or row["measure"]) for row in rows))


def _machines(results: Results) -> list[str]:
    table = results.tables.get("machine")
    names = dict.fromkeys(str(row["attacker"]) for row in table.rows if row["auc"] is not None) if table else {}
    return [name for name in names if not name.startswith(PEOPLE)]
