from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip, decode
from evaluation import predicted_quality as module
from evaluation.predicted_quality import QualityError, predicted_quality

RATE = 16_000
CLIP = "data/dev/read/librispeech/174/174-168635-0022.flac"


def test_four_opinions_on_a_voice(voice: Clip) -> None:
    scores = predicted_quality(voice)
    assert set(scores) == {"OVRL", "SIG", "BAK", "P808"}
    for score in scores.values():
        assert 0.9 < score.value < 5
        assert (score.unit, score.better, score.note) == ("MOS", "higher", "")


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(3 * RATE), np.full(RATE - 1, 0.1)])
def test_nothing_to_judge_is_nan_with_a_reason(samples: np.ndarray) -> None:
    for score in predicted_quality(Clip(samples, RATE)).values():
        assert np.isnan(score.value)
        assert score.note.startswith("the clip is ")


def test_noise_lowers_them(shared_dir: Path) -> None:
    clip = decode((shared_dir / CLIP).read_bytes()).clip
    clip = Clip(np.tile(clip.samples, 3)[: 10 * RATE], RATE)
    noise = 0.03 * np.random.default_rng(0).standard_normal(len(clip.samples))
    clean, noisy = predicted_quality(clip), predicted_quality(Clip(clip.samples + noise, RATE))
    for name in ("OVRL", "BAK", "P808"):
        assert noisy[name].value < clean[name].value - 0.5


def test_beyond_full_scale_is_scaled_to_it(voice: Clip) -> None:
    samples = np.tile(voice.samples / np.abs(voice.samples).max(), 7)[: 10 * RATE]
    at_full_scale, beyond = Clip(samples, RATE), Clip(3 * samples, RATE)
    assert predicted_quality(beyond)["OVRL"].value == pytest.approx(
        predicted_quality(at_full_scale)["OVRL"].value, abs=1e-3
    )


@pytest.mark.parametrize(("duration_s", "windows"), [(1, 7), (5, 1), (9.5, 1), (10.02, 1), (12.5, 3)])
def test_windows_of_nine_seconds_one_each_second(duration_s: float, windows: int) -> None:
    clip = Clip(np.full(round(duration_s * RATE), 0.1), RATE)
    sizes = [len(window) for window in module._windows(clip)]
    assert sizes == [144_160] * windows


def test_missing_models_are_named(monkeypatch: pytest.MonkeyPatch, voice: Clip) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    module._session.cache_clear()
    try:
        with pytest.raises(QualityError, match=r"speechmos 0\.0\.1\.1, which is not installed: run `pip install"):
            predicted_quality(voice)
    finally:
        module._session.cache_clear()


def test_no_compiler_and_no_torch_are_imported() -> None:
    code = (
        "import sys, numpy; from audio.clip import Clip; from evaluation.predicted_quality import predicted_quality;"
        "predicted_quality(Clip(numpy.ones(80000) / 9, 16000));"
        "sys.exit(bool({'torch', 'numba', 'librosa'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(module.__file__).parents[1]).returncode == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_speechmos_itself_says_the_same(shared_dir: Path) -> None:
    from speechmos import dnsmos

    samples = decode((shared_dir / CLIP).read_bytes()).clip.samples
    one_window = [np.tile(samples, 3)[: 10 * RATE], samples[:20_000], samples[5000 : 5000 + RATE]]
    for clip, tolerance in [*((clip, 1e-4) for clip in one_window), (np.tile(samples, 3)[: 12 * RATE], 0.01)]:
        expected = dnsmos.run(clip.copy(), RATE, return_df=False)
        scores = predicted_quality(Clip(clip, RATE))
        for name, key in (("OVRL", "ovrl_mos"), ("SIG", "sig_mos"), ("BAK", "bak_mos"), ("P808", "p808_mos")):
            assert scores[name].value == pytest.approx(float(expected[key]), abs=tolerance)
