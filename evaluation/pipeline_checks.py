"""Whether what a run asks for is there, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from anonymizers.base import AnonymizerError
from evaluation.batch import RunError
from evaluation.corpus import Corpus
from evaluation.corpus_words import some

WORDS_ALONE = "text"
"""The attacker that needs no sound."""


def checked_params(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A system's parameters, all of them, if it can run; its weights are fetched once, before many workers would.

    Raises:
        AnonymizerError: if it cannot, or a parameter does not fit.
    """
    from anonymizers import registry, runner
    from anonymizers.terminal import progress_bar
    from anonymizers.weights_ready import prepare

    checked = runner.check_params(registry.info(key), params)
    state = registry.status(key, checked)
    if state.state == "downloads first":
        with progress_bar() as progress:
            prepare(key, checked, progress=progress)
    elif state.state != "ready":
        raise AnonymizerError(f"{key} cannot run here ({state.state}): {state.detail or 'leave it out'}.")
    return checked


def attackers_of(asked: Sequence[str] | None) -> tuple[str, ...]:
    """Those asked for, with what they need; else all that can run now.

    Raises:
        RunError, RecogniserError: if one is not there or cannot run.
    """
    from evaluation.attackers import ATTACKERS, available

    if asked is None:
        return (*available(), WORDS_ALONE)
    known = [*ATTACKERS, WORDS_ALONE]
    if unknown := [key for key in asked if key not in known]:
        raise RunError(f"There is no attacker {', '.join(unknown)}; the attackers are {', '.join(known)}.")
    for key in asked:
        state = ATTACKERS[key]().status() if key != WORDS_ALONE else None
        if state is not None and state.state == "downloads first":
            _fetch(ATTACKERS[key])
        elif state is not None and state.state != "ready":
            raise RunError(f"The attacker {key} cannot run here ({state.state}): {state.detail or 'leave it out'}.")
    return tuple(asked)


def _fetch(attacker: Any) -> None:
    """What an attacker needs, once, before many workers would."""
    from evaluation.recognisers import registry

    registry.fetch(attacker.recogniser)


def recognisers_of(kind: Any, asked: Sequence[str] | None) -> tuple[str, ...]:
    """Those asked for, with what they need; else the first that is here already.

    Raises:
        RecogniserError: if one is not there or cannot run.
    """
    from evaluation.recognisers import registry
    from evaluation.recognisers.base import RecogniserError

    every = registry.keys(kind)
    if asked is None:
        return tuple(key for key in every if registry.status(key).state == "ready")[:1]
    for key in asked:
        if registry.entry(key).kind != kind:
            raise RecogniserError(f"A recogniser of {kind} was expected, one of {', '.join(every)}, but {key} came.")
        registry.fetch(key)
    return tuple(asked)


def languages_of(words: Sequence[str]) -> dict[str, str]:
    """The language of each recogniser, "" for any."""
    from evaluation.recognisers import registry

    return {key: registry.info(key).language for key in words}


def versions_of(attackers: Sequence[str], recognisers: Sequence[str], systems: Sequence[str] = ()) -> dict[str, str]:
    """What tells the weights of those that hear from others; and those of systems ("system KEY"), if they have any."""
    from anonymizers import registry as anonymizers
    from evaluation.attackers import ATTACKERS
    from evaluation.recognisers import registry

    behind = {key: getattr(ATTACKERS[key], "recogniser", "") for key in attackers if key in ATTACKERS}
    found = {key: registry.version(own) for key, own in behind.items() if own}
    spoken = {f"system {key}": anonymizers.version(key) for key in systems}
    return {**found, **{key: registry.version(key) for key in recognisers}, **{k: v for k, v in spoken.items() if v}}


def others(train: Corpus, corpus: Corpus) -> Corpus:
    """Speech to learn from, without anybody who is to be recognised.

    Raises:
        CorpusError: if nobody is left.
    """
    from evaluation.corpus import select

    both = {one.speaker for one in train.utterances} & {one.speaker for one in corpus.utterances}
    if not both:
        return train
    kept = select(train, exclude=both)
    who = some(sorted(both))
    note = f"{len(both)} speakers are in the evaluated data too, so attackers do not learn from them: {who}."
    return replace(kept, problems=(*kept.problems, note))


def check_tuning(steps: int, attackers: Sequence[str], train: Corpus | None) -> None:
    """Whether the house encoder's network can be trained on anonymized speech.

    Raises:
        RunError: if not, and why.
    """
    from importlib.util import find_spec

    if not steps:
        return
    if train is None or "house" not in attackers:
        raise RunError("--tune trains the attacker house on speech of others: it needs --train, and house among them.")
    if missing := [name for name in ("torch", "speechbrain", "safetensors") if find_spec(name) is None]:
        raise RunError(f"--tune needs {', '.join(missing)}: pip install -r requirements.txt.")


def in_words(train: Corpus) -> str:
    """What attackers learn from."""
    speakers = len({one.speaker for one in train.utterances})
    return f"{train.name} {train.split}, {speakers} speakers, {len(train.utterances)} utterances"
