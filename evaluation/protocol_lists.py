"""Protocols as files that others can use: Kaldi-like lists, and what they rest on as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from anonymizers.batch import write_whole
from evaluation.corpus import Corpus, CorpusError, Utterance
from evaluation.protocol import Protocol, trial_of


def write(protocol: Protocol, corpus: Corpus, folder: Path) -> None:
    """folder/<key>/: enrolls (model, its utterances), trials (model, utterance, target or nontarget), protocol.json."""
    place = folder / protocol.key
    place.mkdir(parents=True, exist_ok=True)
    enrols = [" ".join([model, *keys]) for model, keys in protocol.enrolments.items()]
    trials = [f"{one.model} {one.utterance} {'target' if one.same else 'nontarget'}" for one in protocol.trials]
    used = {key for keys in protocol.enrolments.values() for key in keys} | {one.utterance for one in protocol.trials}
    targets = sum(one.same for one in protocol.trials)
    about = {
        "key": protocol.key,
        "title": protocol.title,
        "seed": protocol.seed,
        "data": corpus.name,
        "split": corpus.split,
        "models": len(protocol.enrolments),
        "targets": targets,
        "nontargets": len(protocol.trials) - targets,
        "notes": protocol.notes,
        "speakers": protocol.speakers,
        "utterances": {one.key: [one.speaker, one.sex, one.session] for one in corpus.utterances if one.key in used},
    }
    write_whole(place / "enrolls", _text(enrols))
    write_whole(place / "trials", _text(trials))
    write_whole(place / "protocol.json", (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def read(place: Path) -> Protocol:
    """The protocol in a folder that `write` made.

    Raises:
        CorpusError: if it is none.
    """
    try:
        about = json.loads((place / "protocol.json").read_text(encoding="utf-8"))
        known = {
            key: Utterance(key, Path(), speaker, sex, session)
            for key, (speaker, sex, session) in about["utterances"].items()
        }
        lines = [line.split() for line in (place / "enrolls").read_text(encoding="utf-8").splitlines()]
        enrolments = {model: tuple(keys) for model, *keys in lines}
        asked = [line.split() for line in (place / "trials").read_text(encoding="utf-8").splitlines()]
        trials = tuple(
            trial_of([known[one] for one in enrolments[model]], known[key], label == "target", model)
            for model, key, label in asked
        )
        return Protocol(
            about["key"], about["title"], enrolments, about["speakers"], trials, about["seed"], tuple(about["notes"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{place}: a protocol was expected (enrolls, trials, protocol.json), but reading it failed: "
            f"{type(error).__name__}: {error}."
        ) from None
