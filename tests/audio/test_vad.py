from __future__ import annotations

import csv
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import vad
from audio.clip import Clip, decode
from audio.vad import Segment, VadError, segments

CHUNK_S = 0.032


def real_voices(shared_dir: Path, count: int) -> list[Clip]:
    folder = shared_dir / "data" / "dev"
    with (folder / "manifest.csv").open(newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    return [decode((folder / path).read_bytes()).clip for path in paths[:: len(paths) // count]]


def found(probabilities: list[float], length: int | None = None) -> list[tuple[int, int]]:
    length = 512 * len(probabilities) if length is None else length
    return vad._padded(vad._hysteresis(probabilities, length), length)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(16_000), np.full(300, 0.2), np.ones(8000)])
def test_no_speech(samples: np.ndarray) -> None:
    assert segments(Clip(samples, 16_000)) == ()


def test_noise_is_no_speech() -> None:
    assert segments(Clip(0.05 * np.random.default_rng(0).standard_normal(48_000), 16_000)) == ()


def test_hysteresis_enters_at_a_half_and_leaves_under_035() -> None:
    assert found([0.49] * 40) == []
    assert found([0.0] * 10 + [0.5] + [0.36] * 19 + [0.0] * 10) == [(10 * 512 - 480, 30 * 512 + 480)]


def test_speech_of_250_ms_or_less_is_dropped() -> None:
    assert found([0.0] * 5 + [0.9] * 7 + [0.0] * 9) == []
    assert found([0.0] * 5 + [0.9] * 8 + [0.0] * 9) == [(5 * 512 - 480, 13 * 512 + 480)]


def test_a_pause_ends_speech_only_after_100_ms() -> None:
    """The pause is as long as from its first to its last quiet chunk, as the package counts: five chunks are 128 ms."""
    assert len(found([0.9] * 10 + [0.0] * 4 + [0.9] * 10)) == 1
    assert len(found([0.9] * 10 + [0.0] * 5 + [0.9] * 10)) == 2


def test_padding_stays_inside_the_clip() -> None:
    assert found([0.9] * 20, length=20 * 512 - 100) == [(0, 20 * 512 - 100)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=120), st.integers(0, 511))
def test_segments_are_ordered_apart_and_inside(probabilities: list[float], missing: int) -> None:
    length = max(0, 512 * len(probabilities) - missing)
    stretches = found(probabilities, length)
    assert all(0 <= start < end <= length for start, end in stretches)
    assert all(first[1] <= second[0] for first, second in pairwise(stretches))


def test_blocks_leave_no_seam(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vad.speech_probabilities(voice.samples)
    monkeypatch.setattr(vad, "BLOCK_CHUNKS", 5)
    np.testing.assert_allclose(vad.speech_probabilities(voice.samples), whole, atol=1e-5)
    assert len(whole) == -(-len(voice.samples) // 512)


def test_real_voices_speak_at_any_rate(shared_dir: Path) -> None:
    for clip in real_voices(shared_dir, 6):
        spoken = segments(clip)
        assert spoken
        assert sum(end_s - start_s for start_s, end_s in spoken) > 0.3 * clip.duration_s
        assert all(isinstance(one, Segment) and one.end_s <= clip.duration_s for one in spoken)
        at_48 = segments(clip.resampled(48_000))
        assert abs(at_48[0].start_s - spoken[0].start_s) <= 2 * CHUNK_S


def test_a_missing_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vad, "find_spec", lambda name: None)
    vad._session.cache_clear()
    try:
        with pytest.raises(VadError, match=r"silero-vad 6\.2\.3, which is not installed: run `pip install"):
            segments(Clip(np.zeros(16_000), 16_000))
    finally:
        vad._session.cache_clear()


def test_finding_speech_imports_no_torch() -> None:
    code = (
        "import sys, numpy; from audio.clip import Clip; from audio.vad import segments;"
        "segments(Clip(numpy.zeros(16000), 16000)); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(vad.__file__).parents[1]).returncode == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_silero_vad_itself_finds_the_same_segments(shared_dir: Path) -> None:
    import silero_vad
    import torch

    network = silero_vad.load_silero_vad(onnx=True)
    for clip in real_voices(shared_dir, 12):
        samples = torch.from_numpy(clip.resampled(16_000).samples.copy())
        expected = silero_vad.get_speech_timestamps(samples, network)
        assert [(round(s * 16_000), round(e * 16_000)) for s, e in segments(clip)] == [
            (one["start"], one["end"]) for one in expected
        ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_silero_vads_post_processing_is_the_same() -> None:
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    rng = np.random.default_rng(0)
    for _ in range(500):
        smooth = np.convolve(rng.uniform(-0.6, 1.6, 150), np.ones(3) / 3)[: rng.integers(1, 150)]
        probabilities = np.clip(smooth, 0, 1).tolist()
        length = 512 * len(probabilities) - int(rng.integers(0, 512))
        expected = get_speech_timestamps_from_probs(probabilities, audio_length_samples=length)
        assert found(probabilities, length) == [(one["start"], one["end"]) for one in expected]
