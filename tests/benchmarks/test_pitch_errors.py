"""How the pitch benchmark counts errors."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pitch import clips_of, errors


def test_each_kind_of_error_counts_once():
    referee = np.array([100.0, 100, 100, 100, 100, 0, 0, 0])
    other = np.array([101.0, 100, 100, 100, 200, 0, 0, 90])
    found = np.array([100.0, 50, 200, 0, 300, 0, 80, 0])
    counted = errors(found, referee, other)
    assert (counted["voiced_frames"], counted["unvoiced_frames"]) == (4, 2)
    assert counted["gross"] == pytest.approx(2 / 3)
    assert counted["octave_down"] == counted["octave_up"] == pytest.approx(1 / 3)
    assert (counted["missed"], counted["false_alarms"], counted["voicing"]) == (1 / 4, 1 / 2, 2 / 6)
    assert counted["fine_cents"] == 0.0


def test_a_folder_without_sounds_is_said(tmp_path):
    with pytest.raises(SystemExit, match="there are none"):
        clips_of(tmp_path, 1)
