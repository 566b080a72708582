"""What a listener with a packet sniffer and a hex editor could learn from the files, before listening: nothing."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from audio.level import integrated_lufs
from listening_test.headphones import ORDERS
from listening_test.stimuli import Rendered, render
from listening_test.trial import Sound
from tests.conftest import synthetic_voice
from tests.listening_test.rendering import heard, opened, study, versions, write_clip

SYSTEMS = [
    "original",
    "low-anchor",
    "mcadams",
    "devoiced",
    {"system": "f0-mean-reversion", "level": "speaker"},
    {"system": "cascade-offline", "label": "anew", "params": {"transcript": "Six words that nobody had said."}},
]
HEADER = 44
SIZES = [*range(4, 8), *range(40, 44)]
"""Bytes of a WAV header that hold the size of the file and of its samples."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Sound, Rendered]:
    """Every version of clips of all sorts: soft, loud, of other rates, ending in digital silence."""
    pytest.importorskip("espeakng_loader", reason="one of the systems speaks by the package espeakng-loader")
    folder: Path = tmp_path_factory.mktemp("voices")
    a_study = study(SYSTEMS, [{"type": "mos"}])
    recordings = {
        "soft": (2.3, 16_000, 0.01),
        "loud": (2.6, 44_100, 1.0),
        "short": (1.3, 22_050, 0.3),
        "long": (5.4, 48_000, 0.1),
    }
    clips = []
    for i, (key, (duration_s, rate_hz, loudness)) in enumerate(recordings.items()):
        voice = synthetic_voice(duration_s, rate_hz, 100 + 20 * i, seed=i)
        samples = loudness * voice.samples * (0.9 / np.abs(voice.samples).max())
        samples[-round(0.1 * rate_hz) :] = 0
        clips.append(write_clip(folder, key, type(voice)(samples, rate_hz)))
    sounds = [*versions(a_study, clips), Sound("attention", "long", detail="en|overall_quality|3")]
    made = {one.sound_key: one for one in render(a_study, clips, folder, sounds)}
    return {sound: made[sound.key] for sound in sounds}


def test_headers_differ_in_nothing_but_the_size(files):
    headers = set()
    for one in files.values():
        header = bytearray(one.wav[:HEADER])
        assert header[36:40] == b"data"
        header[4:8] = header[40:44] = b"size"
        headers.add(bytes(header))
    assert len(headers) == 1


def test_a_file_is_a_header_and_samples_and_no_metadata(files):
    for one in files.values():
        pcm, rate_hz = opened(one.wav)
        assert rate_hz == 16_000
        assert pcm.shape[1] == 1
        assert len(one.wav) == HEADER + pcm.nbytes
        assert int.from_bytes(one.wav[4:8], "little") == len(one.wav) - 8
        assert int.from_bytes(one.wav[40:44], "little") == pcm.nbytes


def test_all_files_of_a_clip_have_one_size_in_a_class(files):
    sizes = defaultdict(set)
    for sound, one in files.items():
        sizes[sound.clip].add(len(one.wav))
    assert all(len(of_clip) == 1 for of_clip in sizes.values())
    assert all((size - HEADER) % 16_000 == 0 for of_clip in sizes.values() for size in of_clip)  # half seconds


def test_levels_are_equal(files):
    levels = {sound: integrated_lufs(heard(one.wav)) for sound, one in files.items()}
    assert max(levels.values()) - min(levels.values()) <= 0.5
    assert all(level == pytest.approx(-26, abs=0.5) for level in levels.values())


def test_no_file_touches_full_scale(files):
    assert all(np.abs(opened(one.wav)[0].astype(int)).max() < 0.9 * 32_767 for one in files.values())


def test_no_file_ends_or_starts_with_a_run_of_zeros(files):
    """Nor holds one anywhere: zeros would give away how long a sound is, and a system that gates its pauses."""
    for one in files.values():
        zeros = (opened(one.wav)[0][:, 0] == 0).astype(int)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], zeros, [0]])))
        assert (edges[1::2] - edges[::2]).max() < 100


def test_the_first_and_last_samples_say_nothing(files):
    """Dither alone: the same noise, as to its distribution, for every system."""
    for start in (slice(0, 1600), slice(-1600, None)):
        for one in files.values():
            edge = opened(one.wav)[0][start, 0]
            assert set(np.unique(edge)) <= {-1, 0, 1}
            assert (edge != 0).mean() == pytest.approx(0.25, abs=0.05)


def test_dither_is_not_the_same_noise_in_two_files(files):
    """If it were, the difference of two files would be free of it, and one known file would uncover the others."""
    edges = [bytes(opened(one.wav)[0][:1600]) for one in files.values()]
    assert len(set(edges)) == len(edges)


def test_sizes_cannot_name_the_system(files):
    """The best guess from the size, learnt on the very files it is tried on, is no better than chance."""
    by_size = defaultdict(list)
    for sound, one in files.items():
        if sound.kind == "speech":
            by_size[len(one.wav)].append(sound.system)
    right = sum(max(labels.count(label) for label in labels) for labels in by_size.values())
    assert right / sum(len(labels) for labels in by_size.values()) == pytest.approx(1 / len(SYSTEMS))


def test_an_attention_check_looks_like_the_recordings_of_its_clip(files):
    ((check, one),) = [(sound, one) for sound, one in files.items() if sound.kind == "attention"]
    fellow = files[Sound("speech", check.clip, "original")]
    assert one.wav[:HEADER] == fellow.wav[:HEADER]
    assert len(one.wav) == len(fellow.wav)


def test_in_a_line_up_every_voice_has_one_size(tmp_path):
    a_study = study(["original", "mcadams"], [{"type": "line-up"}])
    clips = [write_clip(tmp_path, f"{i}", synthetic_voice(1.2 + 0.4 * i, f0_hz=100 + 10 * i)) for i in range(4)]
    found = list(render(a_study, clips, tmp_path, versions(a_study, clips)))
    assert len({one.wav[:HEADER] for one in found}) == 1
    assert len({len(one.wav) for one in found}) == 1


def test_the_orders_of_the_headphone_check_look_alike(tmp_path):
    found = list(render(study(), [], tmp_path, [Sound("headphones", detail=order) for order in ORDERS]))
    assert len(found) == 6
    assert len({one.wav[:HEADER] for one in found}) == 1
    assert len({one.wav for one in found}) == 6
