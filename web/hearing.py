"""What machines hear in a finished comparison: is it still one voice, the same words, the same emotion?

It comes after the sounds and their numbers, in a process of its own that ends with it, and joins the report that is
kept for the ZIP. Voiceprints (embeddings) are compared and forgotten.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from anonymizers.workers import Stopped, WorkerLost, Workers
from evaluation import voice_likeness
from evaluation.attackers import AttackerError
from evaluation.metrics.words import normalised, wer, word_errors
from evaluation.recognisers.base import Kind, RecogniserError
from web import take_away
from web.ears import ears, hear
from web.services import Services
from web.study_computing import step_back

ORIGINAL, ENGLISH = "original", "English"
LONGEST_SAID = 5000
FAILED = "This could not be heard: a fault of ours, which our log names."
GONE = "This sound is no longer here: sounds are deleted after an hour at most."
NO_WORDS = "No words were heard in the original, so there is nothing to compare with."
OTHER_LANGUAGE = "The clip is {language}; {title} hears English only, so the words were not asked for."


def _one_process() -> Workers:
    return Workers(1, step_back)


@dataclass
class Hearing:
    """What the machines have heard so far.

    Attributes:
        run, report, sounds: of the comparison, as they are kept.
        said: what was typed as said in the original, "" if nothing was.
        language, speaker: of the clip, where known: "English", "emodb-03".
        state: "waiting", "hearing", "done" or "stopped".
        found: by system, then by kind ("speaker", "emotion", "words"): what was heard, JSON-ready, or {"error": why
            not}. Systems without a sound are not in it.
        workers: makes what calls a function in another process.
    """

    services: Services
    run: str
    report: dict[str, Any]
    sounds: Mapping[str, str]
    said: str = ""
    language: str = ""
    speaker: str = ""
    state: str = "waiting"
    workers: Callable[[], AbstractContextManager[Any]] = _one_process

    def __post_init__(self) -> None:
        self.ears = ears()
        self.found: dict[str, dict[Kind, dict[str, Any]]] = {system: {} for system in self.sounds}
        self._original: Any = None

    def rounds(self, stop: threading.Event) -> Iterator[None]:
        """Let every machine hear every sound until `stop`; yields after each. What fails costs that number alone."""
        self.state = "hearing"
        yield
        try:
            with self.workers() as workers:
                for kind, system in product(self.ears, self.found):
                    self.found[system][kind] = self._heard(system, kind, workers, stop)
                    yield
            self.state = "done"
        except Stopped:
            self.state = "stopped"
        self._original = None  # voiceprints are not kept
        self.keep()
        yield

    def _heard(self, system: str, kind: Kind, workers: Any, stop: threading.Event) -> dict[str, Any]:
        try:
            return self._hear(system, kind, workers, stop)
        except Stopped:
            raise
        except (AttackerError, RecogniserError, WorkerLost) as error:
            return {"error": str(error)}
        except Exception:
            logging.getLogger(__name__).exception("%s could not be heard in %s", kind, system)
            return {"error": FAILED}

    def _hear(self, system: str, kind: Kind, workers: Any, stop: threading.Event) -> dict[str, Any]:
        if problem := self._foreseen(system, kind):
            return {"error": problem}
        clip = self.services.clip(self.sounds[system])
        if clip is None:
            return {"error": GONE}
        answer = workers.call(hear, self.ears[kind], clip, speaker=self.speaker, cancelled=stop)
        if kind == "words":
            return {"text": answer}
        if kind == "emotion":
            return {"probabilities": answer}
        if system == ORIGINAL:
            self._original = answer
            return {}
        return likeness(self.ears[kind].key, self._original, answer)

    def _foreseen(self, system: str, kind: Kind) -> str:
        """Why this need not be tried; "" if it is."""
        if kind == "words" and self.language not in ("", ENGLISH):
            return OTHER_LANGUAGE.format(language=self.language, title=self.ears[kind].title)
        if kind == "speaker" and system != ORIGINAL:
            return self.found[ORIGINAL][kind].get("error", "")
        return ""

    @property
    def reference(self) -> str:
        """The words that those of the systems are compared with; "" while there are none."""
        return normalised(self.said) or normalised(self.found[ORIGINAL].get("words", {}).get("text", ""))

    @property
    def compared_with(self) -> Literal["typed", "own"]:
        """Whose words `reference` has: somebody typed them, or the recogniser heard them in the original itself."""
        return "typed" if normalised(self.said) else "own"

    def words_of(self, system: str) -> dict[str, Any] | None:
        """What was heard of the words, and how many are wrong; None if that is not known yet."""
        own = self.found[system].get("words")
        if own is None or "text" not in own or (system == ORIGINAL and self.compared_with == "own"):
            return own
        if not self.reference:
            return {**own, "note": NO_WORDS} if self.found[ORIGINAL].get("words") else own
        return {**own, **counted(self.reference, own["text"])}

    def keep(self) -> None:
        """Put what was heard into the kept report, unless its time is over."""
        if take_away.kept(self.services.vault, self.run) is None:
            return
        self.report["hearing"] = self.about()
        for system in self.report["systems"]:
            heard = {**self.found.get(system["system"], {})}
            if words := heard and self.words_of(system["system"]):
                heard["words"] = words
            system["hearing"] = {kind: one for kind, one in heard.items() if one}
        take_away.keep(self.services.vault, self.report, self.sounds, self.run)

    def about(self) -> dict[str, Any]:
        about: dict[str, Any] = {kind: one._asdict() for kind, one in self.ears.items()}
        about["speaker"]["scale"] = scale(self.ears["speaker"].key)
        about["words"] |= {"compared_with": self.compared_with, "said": self.said}
        return {"state": self.state, "clip": {"language": self.language, "speaker": self.speaker}, **about}


def of(services: Services, run: str, said: str = "", language: str = "", speaker: str = "") -> Hearing | None:
    """A hearing of a kept comparison, still to be done; None if the comparison is gone."""
    both = take_away.kept(services.vault, run)
    return None if both is None else Hearing(services, run, *both, said[:LONGEST_SAID], language, speaker)


def marked(services: Services, run: str, said: str) -> Hearing | None:
    """A hearing that is over, its words now compared with `said` ("": with what was heard in the original), and kept.

    None if there is none.
    """
    hearing = of(services, run, said)
    if hearing is None or "hearing" not in hearing.report:
        return None
    about = hearing.report["hearing"]
    hearing.state, clip = about["state"], about["clip"]
    hearing.language, hearing.speaker = clip["language"], clip["speaker"]
    kept = {system["system"]: system["hearing"] for system in hearing.report["systems"]}
    hearing.found = {system: _as_heard(kept[system]) for system in hearing.found}
    hearing.keep()
    return hearing


def _as_heard(kept: Mapping[Kind, dict[str, Any]]) -> dict[Kind, dict[str, Any]]:
    words = kept.get("words")
    return {**kept, "words": {"text": words["text"]}} if words and "text" in words else {**kept}


def likeness(key: str, original: Any, processed: Any) -> dict[str, Any]:
    """Cosine of two embeddings, and the shares of pairs of two people, and of one person, that are less alike.

    Raises:
        AnchorError: if the scores of known speakers are missing.
    """
    known = voice_likeness.anchors(key)
    cosine = voice_likeness.score(original, processed, known)
    different, same = known.place(cosine)
    return {"cosine": cosine, "above_different": different, "above_same": same}


def scale(key: str) -> dict[str, Any] | None:
    """Where the middle 90 % of the scores of two people, and of one, lie, and on what that was measured; or None."""
    try:
        known = voice_likeness.anchors(key)
    except voice_likeness.AnchorError:
        return None
    kinds = {"different": known.different, "same": known.same}
    return {**{name: [float(one[percent]) for percent in (5, 50, 95)] for name, one in kinds.items()}, **known.about}


def counted(reference: str, heard: str) -> dict[str, Any]:
    """Word error rate and its parts, and the words beside each other as [kind, said, heard]; JSON-ready."""
    found = wer([reference], [heard])
    return {
        "wer": found.value,
        "substitutions": found.substitutions,
        "deletions": found.deletions,
        "insertions": found.insertions,
        "words": found.total,
        "marks": [list(one) for one in word_errors(reference, heard)],
    }
