"""The runner: rates, lengths, clipping, silence, seeds, and one failure beside many results."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from anonymizers import registry, runner
from anonymizers.base import AnonymizerError, Info, Param, Result
from anonymizers.runner import Job
from anonymizers.workers import Workers
from audio.clip import Clip


class Fake:
    """A system that returns what the test wants."""

    info = Info(
        "fake",
        "Fake",
        "Test",
        "",
        frozenset(),
        "",
        "own-design",
        False,
        params=(Param("gain", "float", 1.0, "", "", 0, 9),),
    )

    def __init__(self, output: Any) -> None:
        self.output = output

    def anonymize(self, clip: Clip, *, seed: int, progress=None, **params: Any) -> Result:
        return Result(self.output(clip, seed, params), "own-design")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):
    def install(output) -> None:
        monkeypatch.setattr(registry, "info", lambda key: Fake.info)
        monkeypatch.setattr(registry, "load", lambda key: Fake(output))
        monkeypatch.setattr(registry, "needs", lambda key, params: ())

    return install


def test_rate_and_length_are_restored(use, voice: Clip) -> None:
    seen = []
    use(lambda clip, seed, params: seen.append(clip.sample_rate) or Clip(clip.samples[:-100], clip.sample_rate))
    original = voice.resampled(44_100)
    result = runner.run(original, "fake")
    assert seen == [16_000]
    assert (result.clip.sample_rate, len(result.clip.samples)) == (44_100, len(original.samples))


def test_a_wrong_length_is_a_fault_not_a_result(use, voice: Clip) -> None:
    use(lambda clip, seed, params: Clip(clip.samples[: len(clip.samples) // 2], clip.sample_rate))
    with pytest.raises(AnonymizerError, match="report"):
        runner.run(voice, "fake")


def test_peaks_are_turned_down_with_a_warning(use, voice: Clip) -> None:
    use(lambda clip, seed, params: Clip(clip.samples * 20, clip.sample_rate))
    result = runner.run(voice, "fake")
    assert np.abs(result.clip.samples).max() == pytest.approx(1)
    assert "dB over full scale" in result.warnings[0]


def test_nan_never_leaves(use, voice: Clip) -> None:
    use(lambda clip, seed, params: Clip(clip.samples * np.nan, clip.sample_rate))
    with pytest.raises(ValueError, match="NaN"):
        runner.run(voice, "fake")


def test_silence_in_silence_out(use) -> None:
    use(lambda *_: pytest.fail("must not be asked"))
    result = runner.run(Clip(np.zeros(16_000), 16_000), "fake")
    assert result.clip.is_silent
    assert result.warnings == (runner.SILENCE,)


@pytest.mark.parametrize(
    ("params", "words"),
    [({"gain": 10}, "between 0 and 9"), ({"gain": "loud"}, "number"), ({"gian": 1}, "no parameter 'gian'")],
)
def test_bad_parameters_are_named(use, voice: Clip, params: dict, words: str) -> None:
    use(lambda clip, seed, given: clip)
    with pytest.raises(AnonymizerError, match=words):
        runner.run(voice, "fake", params=params)


def test_seed_depends_on_what_it_should(use, voice: Clip) -> None:
    seeds: list[int] = []
    use(lambda clip, seed, params: seeds.append(seed) or clip)
    other = Clip(voice.samples * 0.5, 16_000)
    for clip, level, speaker, seed in (
        (voice, "utterance", "", 0),
        (voice, "utterance", "ignored", 0),
        (other, "utterance", "", 0),
        (voice, "utterance", "", 1),
        (voice, "speaker", "ann", 0),
        (other, "speaker", "ann", 0),
        (voice, "speaker", "bob", 0),
    ):
        runner.run(clip, "fake", level=level, speaker=speaker, seed=seed)
    assert seeds[0] == seeds[1]
    assert seeds[4] == seeds[5]
    assert len({*seeds}) == 5


@pytest.fixture(scope="module")
def workers():
    with Workers(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_one_failure_leaves_the_others(workers: Workers, threads: Executor, voice: Clip) -> None:
    jobs = [Job("original"), Job("no-such-system"), Job("mcadams", {"alpha_min": 99})]
    outcomes = {outcome.key: outcome for outcome in runner.run_all(voice, jobs, workers, threads)}
    assert outcomes["original"].result is not None
    assert "There is no system" in outcomes["no-such-system"].error
    assert "alpha_min" in outcomes["mcadams"].error


def test_cancelled_jobs_say_so(workers: Workers, threads: Executor, voice: Clip) -> None:
    cancelled = threading.Event()
    cancelled.set()
    outcomes = list(runner.run_all(voice, [Job("original")] * 3, workers, threads, cancelled=cancelled))
    assert [outcome.error for outcome in outcomes] == ["Stopped before it was done."] * 3
