"""The contract every anonymizer keeps: what it says of itself, what it takes, what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from audio.clip import Clip

if TYPE_CHECKING:
    from anonymizers.weights import WeightRef

Fidelity = Literal["exact", "own-design", "original-weights", "house-weights"]
"""What really ran: a published algorithm without weights, our own design without a published system,
the published weights, or weights trained by this project (smaller)."""

Level = Literal["utterance", "speaker"]
"""utterance: a new pseudo-speaker each clip; speaker: one pseudo-speaker per source speaker (VoicePrivacy's terms)."""

Progress = Callable[[float, str], None]
"""progress(fraction in [0, 1], what is being done)."""


_YES, _NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})


def silent(fraction: float, doing: str) -> None:
    """A Progress that tells nobody."""


class AnonymizerError(Exception):
    """Why a system gave no sound; one sentence for people: what was expected, what came, what to do."""


@dataclass(frozen=True)
class Param:
    """One setting of a system. `default` is valid; numbers lie in [minimum, maximum]; no unit is ""."""

    name: str
    kind: Literal["float", "int", "choice", "flag", "text"]
    default: Any
    label: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""

    def parse(self, value: Any) -> Any:
        """`value` (typed, or text from a command line or a link) as this parameter's type.

        Raises:
            AnonymizerError: if it is of another kind or out of range.
        """
        if self.kind == "text":
            return str(value)
        if self.kind == "flag":
            return self._parse_flag(value)
        if self.kind == "choice":
            if value not in self.choices:
                raise AnonymizerError(f"{self.name} is one of {', '.join(self.choices)}, but {value!r} came.")
            return value
        return self._parse_number(value)

    def _parse_flag(self, value: Any) -> bool:
        word = str(value).lower()
        if word not in _YES | _NO:
            raise AnonymizerError(f"{self.name} is true or false, but {value!r} came.")
        return word in _YES

    def _parse_number(self, value: Any) -> float | int:
        try:
            number = int(value) if self.kind == "int" else float(value)
        except (TypeError, ValueError, OverflowError):
            raise AnonymizerError(f"{self.name} is a number, but {value!r} came.") from None
        low, high = self.minimum, self.maximum
        if not (low is None or number >= low) or not (high is None or number <= high):
            span = f"{low} and {high} {self.unit}".rstrip()
            raise AnonymizerError(f"{self.name} lies between {span}, but {value} came.")
        return number


@dataclass(frozen=True)
class Info:
    """What a system says of itself without being loaded.

    Attributes:
        key: its name in commands, links and files.
        title: its name on the page, short enough for a plot's legend.
        family: the heading it is listed under.
        summary: one sentence: what it does to a voice.
        hides: what it tries to hide, of "speaker", "emotion", "gender".
        reference: where it was published, or why there is no such place.
        fidelity: what runs here (see Fidelity).
        published: whether a published system of this name exists.
        sample_rate: the rate it works at, in Hz; the runner resamples there and back. 0: any rate.
        params: its settings.
        weights: the published or trained weights it needs at its default parameters.
        streaming: whether it also works on live sound.
        keeps_timing: False for systems that say the words anew, in their own time.
        caution: what a listener must know before trusting their ears; shown with the result. "" if nothing.
        min_duration_s: shorter clips are refused.
    """

    key: str
    title: str
    family: str
    summary: str
    hides: frozenset[str]
    reference: str
    fidelity: Fidelity
    published: bool
    sample_rate: int = 16_000
    params: tuple[Param, ...] = ()
    weights: tuple[WeightRef, ...] = ()
    streaming: bool = False
    keeps_timing: bool = True
    caution: str = ""
    min_duration_s: float = 0.03


@dataclass(frozen=True)
class Status:
    """Whether a system can run now: `state`, and in words why not and the mend."""

    state: Literal["ready", "downloads first", "licence to accept", "needs training", "unavailable"]
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """One anonymized clip and how it came about. A system fills the first five; the runner the rest.

    Attributes:
        clip: the sound, at the system's rate when the system returns it, at the input's rate after the runner.
        fidelity: what ran (see Fidelity).
        pseudo_speaker: what the seed drew, by name with unit ({"alpha": 0.71}); JSON-ready.
        intermediates: named things worth plotting or reading (a Contour, phones, "transcript").
        warnings: sentences for the person listening.
        key, params, seed, level: what was asked; `seed` is the user's.
        seconds, real_time_factor: how long the system took, and that divided by the clip's duration.
    """

    clip: Clip
    fidelity: Fidelity
    pseudo_speaker: Mapping[str, Any] = field(default_factory=dict)
    intermediates: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    key: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    level: Level = "utterance"
    seconds: float = 0.0
    real_time_factor: float = 0.0


class Anonymizer(Protocol):
    """A system: one file, one class. It contains only its algorithm; runner.py does everything around it."""

    info: Info

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        """Anonymize `clip` (mono, at info.sample_rate, not digital silence, at least info.min_duration_s long).

        Same clip, parameters and seed: the same samples. `seed` is the pseudo-speaker (see seeds.py); all
        randomness comes from numpy.random.default_rng(seed). `params` holds every name of info.params, valid.

        Raises:
            AnonymizerError: if this clip cannot be done.
        """
        ...


class Stream(Protocol):
    """A system at work on live sound: what is pushed comes back anonymized, `latency_ms` later.

    Attributes:
        latency_ms: algorithmic latency: how long after a sample came in its counterpart can leave at the earliest,
            computing aside.
    """

    @property
    def latency_ms(self) -> float: ...

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Take `samples`, float32, shape (n,), any n, in [-1, 1] at the stream's rate; give what is ready, (m,).

        Over its life a stream gives as many samples as it took (`flush` gives the rest), whatever the sizes of the
        pieces: the same sound comes out however it was cut.
        """
        ...

    def flush(self) -> npt.NDArray[np.float32]:
        """The sound has ended: everything still inside, float32, shape (m,). Nothing may be pushed afterwards."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A system that also works on live sound (info.streaming)."""

    info: Info

    def open_stream(self, sample_rate: int, *, seed: int, **params: Any) -> Stream:
        """A stream at `sample_rate` Hz with one pseudo-speaker; `params` holds every name of info.params, valid.

        Raises:
            AnonymizerError: if the system cannot run here.
        """
        ...
