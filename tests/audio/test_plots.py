from __future__ import annotations

import base64
import json
from itertools import pairwise

import numpy as np
import pytest

from audio import plots
from audio.clip import Clip
from audio.features import Contour, f0, loudness, spectral_centroid, spectral_kurtosis
from audio.plots import Picture, Series
from audio.spectrogram import scale_db, spectrogram_png

LOOKS = {
    "original": ("#8A8F98", "solid"),
    "a": ("#E69F00", "solid"),
    "b": ("#56B4E9", "dash"),
    "c": ("#009E73", "solid"),
    "d": ("#D55E00", "dot"),
    "e": ("#CC79A7", "solid"),
    "f": ("#0072B2", "dashdot"),
}


def series(contours: dict[str, Contour]) -> list[Series]:
    return [Series(key, key.title(), *LOOKS[key], contour) for key, contour in contours.items()]


def flat(length: int, value: float = 100.0, hop_s: float = 0.01) -> Contour:
    return Contour("x", "Hz", hop_s * np.arange(length), np.full(length, value))


def three(contours: dict[str, Contour]) -> dict[str, list[Series]]:
    return {name: series(contours) for name in ("centroid", "kurtosis", "loudness")}


@pytest.fixture(scope="module")
def ten_seconds() -> dict[str, Clip]:
    """Seven systems of 10 s, all noise: the heaviest there can be."""
    rng = np.random.default_rng(0)
    return {key: Clip(0.1 * rng.standard_normal(160_000), 16_000) for key in LOOKS}


@pytest.fixture(scope="module")
def figures(ten_seconds: dict[str, Clip]) -> dict[str, dict]:
    floor_db, ceiling_db = scale_db(ten_seconds["original"])
    pitches = {key: Contour("F0", "Hz", np.arange(2001) * 0.005, np.full(2001, 120.0)) for key in ten_seconds}
    measured = {
        name: series({key: feature(clip) for key, clip in ten_seconds.items()})
        for name, feature in {
            "centroid": spectral_centroid,
            "kurtosis": spectral_kurtosis,
            "loudness": loudness,
        }.items()
    }
    pictures = [
        Picture(key, key, LOOKS[key][0], spectrogram_png(clip, floor_db=floor_db, ceiling_db=ceiling_db), 10.0)
        for key, clip in ten_seconds.items()
    ]
    drawn = {
        "features_over_time": plots.features_over_time(**measured),
        "distributions": plots.distributions(**measured),
        "spectrograms": plots.spectrograms(pictures, floor_db=floor_db, ceiling_db=ceiling_db),
        "f0_over_time": plots.f0_over_time(series(pitches)),
    }
    return {name: json.loads(figure.to_json()) for name, figure in drawn.items()}


def numbers(packed: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])


def test_all_figures_of_seven_systems_and_ten_seconds_weigh_at_most_a_megabyte(figures: dict[str, dict]) -> None:
    assert sum(len(json.dumps(figure)) for figure in figures.values()) <= 1_000_000


def test_every_figure_says_how_to_read_it(figures: dict[str, dict]) -> None:
    assert plots.READING.keys() == figures.keys()
    assert all(20 < len(line) < 220 for line in plots.READING.values())


def test_only_trace_types_that_every_plotly_draws(figures: dict[str, dict]) -> None:
    assert {trace["type"] for figure in figures.values() for trace in figure["data"]} == {"scatter"}


def test_no_figure_has_a_width_or_a_ground_of_its_own(figures: dict[str, dict]) -> None:
    for figure in figures.values():
        assert "width" not in figure["layout"]
        assert figure["layout"]["paper_bgcolor"] == figure["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
        assert not any("bgcolor" in axis for name, axis in figure["layout"].items() if "axis" in name)


@pytest.mark.parametrize("name", ["features_over_time", "distributions", "f0_over_time"])
def test_a_system_looks_the_same_everywhere_and_has_one_legend_entry(figures: dict[str, dict], name: str) -> None:
    for key, (colour, dash) in LOOKS.items():
        mine = [trace for trace in figures[name]["data"] if trace["legendgroup"] == key]
        lines = [trace for trace in mine if trace["mode"] == "lines"]
        assert sum(trace["showlegend"] for trace in mine) == 1
        assert {(trace["line"]["color"], trace["line"]["dash"]) for trace in lines} == {(colour, dash)}
        panels = 1 if name == "f0_over_time" else 3
        assert len({trace["yaxis"] for trace in lines}) == panels
    entries = [trace["name"] for trace in figures[name]["data"] if trace["showlegend"]]
    assert entries == [key.title() for key in LOOKS]


def test_at_most_1000_points_a_line_and_200_a_curve(figures: dict[str, dict]) -> None:
    for name, most in {"features_over_time": 1000, "f0_over_time": 1000, "distributions": 200}.items():
        for trace in figures[name]["data"]:
            if trace["mode"] == "lines":
                assert trace["y"]["dtype"] == "f4"
                assert 10 < len(numbers(trace["y"])) <= most


def test_lines_carry_their_times_and_gaps() -> None:
    contour = Contour("F0", "Hz", 0.5 + 0.01 * np.arange(4), np.array([100, np.nan, np.nan, 120]))
    trace = json.loads(plots.f0_over_time(series({"a": contour})).to_json())["data"][0]
    np.testing.assert_array_equal(numbers(trace["y"]), np.array([100, np.nan, np.nan, 120], np.float32))
    assert (trace["x0"], trace["dx"]) == (0.5, pytest.approx(0.01))
    assert not trace.get("connectgaps", False)


def test_the_dot_is_at_the_median() -> None:
    contour = Contour("x", "Hz", np.arange(101.0), np.linspace(100, 200, 101))
    figure = plots.distributions(centroid=series({"a": contour}), kurtosis=[], loudness=[])
    line, dot = figure.data
    assert dot.mode == "markers"
    assert dot.x[0] == pytest.approx(150)
    assert dot.y[0] == pytest.approx(np.interp(150, line.x, line.y), rel=0.01)
    assert not dot.showlegend


def test_centroid_and_kurtosis_are_on_log_axes(figures: dict[str, dict]) -> None:
    distributions, over_time = figures["distributions"]["layout"], figures["features_over_time"]["layout"]
    assert [distributions[axis].get("type") for axis in ("xaxis", "xaxis2", "xaxis3")] == ["log", "log", None]
    assert [over_time[axis].get("type") for axis in ("yaxis", "yaxis2", "yaxis3")] == ["log", "log", None]


@pytest.mark.parametrize("name", ["features_over_time", "distributions", "f0_over_time"])
def test_every_panel_names_its_feature_and_unit(figures: dict[str, dict], name: str) -> None:
    headings = [note["text"] for note in figures[name]["layout"]["annotations"]]
    units = ["Hz"] if name == "f0_over_time" else ["Hz", "no unit", "LUFS"]
    assert len(headings) == len(units)
    assert all(unit in heading for unit, heading in zip(units, headings, strict=True))


def test_panels_lie_under_one_another_without_touching(figures: dict[str, dict]) -> None:
    for name, axes in {"features_over_time": 3, "distributions": 3, "spectrograms": 7, "f0_over_time": 1}.items():
        layout = figures[name]["layout"]
        domains = [layout["yaxis" + (str(i) if i > 1 else "")]["domain"] for i in range(1, axes + 1)]
        assert domains[0][1] == 1
        assert domains[-1][0] == pytest.approx(0, abs=1e-9)
        assert all(low < high for low, high in domains)
        assert all(above[0] > below[1] for above, below in pairwise(domains))


def test_images_lie_on_true_axes() -> None:
    pictures = [
        Picture("original", "Original", "#8A8F98", b"png", 10.0),
        Picture("a", "A", "#E69F00", b"other", 8.0),
    ]
    layout = plots.spectrograms(pictures).layout
    assert [(image.x, image.y, image.sizex, image.sizey) for image in layout.images] == [(0, 8, 10, 8), (0, 8, 8, 8)]
    assert [image.yref for image in layout.images] == ["y", "y2"]
    assert layout.images[1].source == "data:image/png;base64," + base64.b64encode(b"other").decode()
    assert list(layout.xaxis.range) == list(layout.xaxis2.range) == [0, 10]
    assert layout.xaxis2.matches == "x"


def test_the_colour_bar_has_the_scale_of_the_images(figures: dict[str, dict]) -> None:
    bars = [trace["marker"] for trace in figures["spectrograms"]["data"] if "colorbar" in trace.get("marker", {})]
    assert len(bars) == 1
    assert bars[0]["cmax"] - bars[0]["cmin"] == 70


@pytest.mark.parametrize("ground", ["#FFFFFF", "#0B0F19"])
def test_text_reads_on_light_and_dark(ground: str) -> None:
    """WCAG contrast of the one grey against the page's two grounds."""

    def luminance(colour: str) -> float:
        encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(plots.TEXT), luminance(ground)])
    assert (light + 0.05) / (dark + 0.05) >= 4.3


def test_nothing_to_draw_says_so() -> None:
    nothing = Contour("x", "Hz", np.zeros(0), np.zeros(0))
    undefined = flat(50, np.nan)
    for contours in ({}, {"original": nothing}, {"original": undefined, "a": nothing}):
        for figure in (
            plots.features_over_time(**three(contours)),
            plots.distributions(**three(contours)),
            plots.f0_over_time(series(contours)),
        ):
            assert not figure.data
            assert "no speech" in figure.layout.annotations[0].text
    assert "no speech" in plots.spectrograms([]).layout.annotations[0].text


def test_one_frame_is_a_dot() -> None:
    figure = plots.f0_over_time(series({"a": flat(1)}))
    assert figure.data[0].mode == "markers"


def test_a_system_without_the_first_feature_still_has_a_legend_entry() -> None:
    figure = plots.features_over_time(
        centroid=series({"a": flat(9, np.nan)}), kurtosis=series({"a": flat(9)}), loudness=series({"a": flat(9)})
    )
    assert [trace.showlegend for trace in figure.data] == [True, False]


def test_a_voice_is_drawn(voice: Clip) -> None:
    figure = plots.f0_over_time(series({"original": f0(voice)}))
    assert np.isfinite(figure.data[0].y).any()
