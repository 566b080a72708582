"""What the figures of a run cannot say: read off the run, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.figures import say
from evaluation.figures.conditions import WORDS_ALONE, eers
from evaluation.figures.rows import chosen, groups
from evaluation.runs import Run

FEW_SPEAKERS = 20
MAIN = ("EER", "UAR", "WER")
"""Metrics whose notes are said here; those of others stand beside them."""
MOST_NOTES = 12
ALWAYS = (
    "An EER says how one attacker did. A better one may come; none of these figures proves that a voice is anonymous.",
    "The mean hides who is recognised: look at the worst speaker.",
    "Machines listened here, not people: what people recognise is a matter for a listening study.",
)


def cautions(run: Run) -> list[str]:
    """Sentences, the run's own first."""
    return list(dict.fromkeys([*_attacks(run), *_trust(run), *_emotion(run), *_words(run), *_files(run), *_notes(run),
                               *ALWAYS]))  # fmt: skip


def _attacks(run: Run) -> Iterator[str]:
    rows = eers(run)
    if not rows:
        yield "Nobody attacked: the run says nothing about privacy."
        return
    attacks = {row["attack"] for row in rows}
    if "semi-informed" not in attacks:
        yield (
            "No attacker learnt from anonymized speech (semi-informed): the EERs are those of attackers that know less "
            "than a serious one would."
        )
    attackers = {str(row["attacker"]) for row in rows}
    if attackers <= {"mfcc", WORDS_ALONE}:
        yield "No trained speaker encoder attacked: these attackers are the least that a machine can do."
    if WORDS_ALONE not in attackers:
        yield "Nobody attacked by the words alone: how much the text itself tells is not known."
    speakers = max(int(row["speakers"]) for row in rows)
    if speakers < FEW_SPEAKERS:
        yield f"Privacy rests on {speakers} speakers: intervals are wide, and who else would be recognised is open."


def _trust(run: Run) -> Iterator[str]:
    rows = [row for row in chosen(run.table("trust")) if row["eer"] is not None]
    bad = sum(row["verdict"] != "trusted" for row in rows)
    if bad:
        yield f"{bad} of {len(rows)} EERs are doubtful or not to be trusted: a high EER may mean a weak attacker there."


def _emotion(run: Run) -> Iterator[str]:
    rows = chosen(run.table("figures"), kind="emotion", metric="UAR", sex="all")
    if not rows:
        yield "No emotion was recognised: the run says nothing about whether emotions are kept."
        return
    yield (
        "Emotions were acted, and the recogniser learnt from original speech: what it misses in anonymized speech may "
        "still be heard by people, or by a recogniser that was retrained."
    )
    privacy = {str(row["data"]) for row in eers(run)}
    if privacy and not any(str(row["data"]) in data for row in rows for data in privacy):
        yield "EER and UAR are of different data: a point of the trade-off joins two measurements of one system."


def _words(run: Run) -> Iterator[str]:
    rows = chosen(run.table("figures"), kind="intelligibility", metric="WER", sex="all")
    if not rows:
        yield "No words were recognised: the run says nothing about intelligibility."
    own = {str(row["attacker"]) for row in rows if "own words" in str(row["about"])}
    for who in sorted(own):
        yield f"For some data {who} was compared with its own words of the original, which may be wrong themselves."


def _files(run: Run) -> Iterator[str]:
    files = run.table("files")
    files = files[files["side"] == "trial"]
    failed = files[files["state"] == "failed"]
    for (system,), rows in groups(chosen(failed), "system").items():
        total = int((files["system"] == system).sum())
        yield f"{say.name(str(system))}: {len(rows)} of {total} recordings failed and are in no figure of it."


def _notes(run: Run) -> list[str]:
    """What the main figures say themselves."""
    table = run.table("figures")
    main = table[table["metric"].isin(MAIN) & (table["sex"] == "all")]
    notes = [text for text in main["note"].unique().tolist() if text]
    rest = len(notes) - MOST_NOTES
    return notes[:MOST_NOTES] + ([f"{rest} more notes are in the table figures."] if rest > 0 else [])
