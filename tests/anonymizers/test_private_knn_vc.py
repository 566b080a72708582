"""Private kNN-VC: durations and centroids against the published rule written out, both kinds of targets, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import phone_centroids, private_knn_vc
from anonymizers.base import AnonymizerError, Result
from anonymizers.nn import phone_predictors
from anonymizers.nn.phone_predictors import Sizes
from anonymizers.phone_centroids import Centroids, centroids, nearest_within
from anonymizers.private_knn_vc import PUBLISHED, PrivateKnnVc
from anonymizers.private_knn_vc_networks import heard, retimed
from anonymizers.wavlm_vocoder import spoken
from audio.clip import Clip, encode_wav
from tests.anonymizers.tiny_knn_vc import RATE_HZ, voice
from tests.anonymizers.tiny_private_knn_vc import PHONES, frames_of, networks, tiny

DEFAULTS = {param.name: param.default for param in PrivateKnnVc.info.params}
WIDTH = networks().vocoder.sizes.inputs


class Always(torch.nn.Module):
    """A predictor of durations that gives each phone the frames it is told."""

    def __init__(self, frames: dict[int, float]) -> None:
        super().__init__()
        self.frames, self.unused = frames, torch.nn.Parameter(torch.zeros(1))

    def forward(self, phones: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[self.frames[int(one)]] for one in phones[0]])[None]


def converted(clip: Clip | None = None, seed: int = 0, system: PrivateKnnVc | None = None, **params) -> Result:
    return (system or tiny()).anonymize(clip or voice(150.0), seed=seed, **{**DEFAULTS, **params})


def test_a_phone_is_brought_part_of_the_way_to_its_predicted_duration() -> None:
    phones = np.array([5, 5, 5, 5, 0, 0, 5, 3])
    factors, indices = retimed(Always({5: 2.0, 0: 6.0, 3: 0.0}), phones, 0.5)
    # 4 frames -> 3, 2 -> 4, 1 -> round(1.5) = 2, 1 -> round(0.5) = 0, which is 1 at least
    assert indices.tolist() == [0, 1, 3, 4, 4, 4, 5, 6, 6, 7]
    np.testing.assert_allclose(factors, [0.75] * 4 + [2.0] * 2 + [2.0, 1.0])


def test_without_weight_every_frame_is_said_once() -> None:
    phones = np.array([1, 1, 2, 3, 3, 3])
    factors, indices = retimed(Always({1: 9.0, 2: 9.0, 3: 9.0}), phones, 0.0)
    assert indices.tolist() == list(range(6))
    assert set(factors) == {1.0}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.floats(0, 1), st.floats(-5, 20))
def test_frames_stay_in_order_and_within_their_phone(spoken: list[int], weight: float, predicted: float) -> None:
    phones = np.array(spoken)
    factors, indices = retimed(Always(dict.fromkeys(range(4), predicted)), phones, weight)
    assert (np.diff(indices) >= 0).all()
    changes = 1 + np.count_nonzero(np.diff(phones))
    assert 1 + np.count_nonzero(np.diff(phones[indices])) == changes
    np.testing.assert_allclose(len(indices), factors.sum(), atol=1e-6)


def test_the_nearest_centroid_of_the_same_phone_is_said() -> None:
    among = Centroids({0: np.array([[1, 0], [0, 1]], np.float32), 2: np.array([[-3, 0], [5, 5]], np.float32)})
    frames = np.array([[2, 1], [2, 1], [0, 3], [-1, 0]], np.float32)
    said, lacking = nearest_within(frames, np.array([0, 2, 0, 1]), among)
    assert said.tolist() == [[1, 0], [5, 5], [0, 1], [-3, 0]]  # the last phone is none of theirs: nearest of all
    assert lacking.tolist() == [False, False, False, True]


def test_centroids_are_means_of_frames_that_are_alike() -> None:
    rng = np.random.default_rng(0)
    middles = np.array([[10, 0], [0, 10], [-10, -10]], np.float32)
    frames = np.concatenate([middle + 0.1 * rng.standard_normal((20, 2)).astype(np.float32) for middle in middles])
    found = centroids({4: frames}, 3).of[4]
    for middle, mean in zip(middles, frames.reshape(3, 20, 2).mean(axis=1), strict=True):
        nearest = found[np.argmin(np.linalg.norm(found - middle, axis=1))]
        np.testing.assert_allclose(nearest, mean, atol=1e-5)


def test_few_frames_and_no_clusters_are_the_frames_themselves() -> None:
    frames = np.array([[1, 2], [3, 4], [1, 2]], np.float32)
    assert centroids({0: frames, 1: frames[:0]}, 8).of[0].tolist() == [[3, 4], [1, 2]]
    assert len(centroids({0: frames}, 0)) == 3
    with pytest.raises(AnonymizerError, match="there are none"):
        centroids({0: frames[:0]}, 8)


@pytest.mark.parametrize(
    "sizes", [phone_predictors.Sizes(1024, 256, 41), phone_predictors.Sizes(256, 256, 1, phones=41)]
)
def test_predictors_are_read_from_their_published_names(sizes: Sizes, tmp_path: Path) -> None:
    names = ["conv1.0.weight", "conv1.0.bias", "ln1.weight", "ln1.bias", "conv2.0.weight", "conv2.0.bias"]
    names += ["ln2.weight", "ln2.bias", "proj.weight", "proj.bias", *(["emb.weight"] if sizes.phones else [])]
    state = phone_predictors.network(sizes).state_dict()
    assert sorted(state) == sorted(names)
    torch.save(state, tmp_path / "decoder.pt")
    assert phone_predictors.load(tmp_path / "decoder.pt").sizes == sizes


def test_a_predictor_computes_what_is_written(tmp_path: Path) -> None:
    """Two convolutions over three frames with zeros beyond the ends, ReLU, norm; by hand."""
    module = networks().phones
    state = {name: tensor.double().numpy() for name, tensor in module.state_dict().items()}
    frames = np.random.default_rng(0).standard_normal((7, WIDTH))

    def block(x: np.ndarray, number: int) -> np.ndarray:
        weight, bias = state[f"conv{number}.0.weight"], state[f"conv{number}.0.bias"]
        padded = np.pad(x, ((1, 1), (0, 0)))
        out = sum(padded[shift : shift + len(x)] @ weight[:, :, shift].T for shift in range(3)) + bias
        out = np.maximum(out, 0)
        out = (out - out.mean(1, keepdims=True)) / np.sqrt(out.var(1, keepdims=True) + 1e-5)
        return out * state[f"ln{number}.weight"] + state[f"ln{number}.bias"]

    wanted = block(block(frames, 1), 2) @ state["proj.weight"].T + state["proj.bias"]
    found = module(torch.tensor(frames, dtype=torch.float32)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save({"conv": torch.zeros(2)}, tmp_path / "decoder.pt")
    with pytest.raises(AnonymizerError, match="predictor of phones or durations was expected"):
        phone_predictors.load(tmp_path / "decoder.pt")


@pytest.mark.parametrize("held", [{"0": torch.zeros(2, 3)}, [1, 2], 3])
def test_frames_of_another_form_are_refused(held: object, tmp_path: Path) -> None:
    torch.save(held, tmp_path / "0.pt")
    with pytest.raises(AnonymizerError, match=r"0\.pt: a target's frames were expected, one tensor for each phone"):
        converted(system=PrivateKnnVc(networks, lambda: tmp_path, lambda file: tmp_path / "0.pt"))


def test_one_of_the_published_targets_says_it() -> None:
    result = converted(duration_weight=0.0, clusters=4)
    facts = result.pseudo_speaker
    assert PUBLISHED[facts["target"]][0] == facts["target_sex"]
    assert facts["centroids"] == 4 * (PHONES - 1)
    _, phones = heard(networks(), voice(150.0).samples)
    assert len(result.clip.samples) == 320 * len(phones)
    assert facts["frames_of_phones_the_target_never_says"] == np.count_nonzero(phones == PHONES - 1)
    assert not result.warnings


def test_with_one_way_to_say_a_phone_nothing_is_left_but_which_phones_they_are() -> None:
    source = voice(150.0)
    said = converted(source, target="517", clusters=1, duration_weight=0.0)
    ways = centroids(dict(enumerate(map(np.asarray, torch.load(frames_of("3.pt"))))), 1)
    frames, phones = heard(networks(), source.samples)
    known = np.isin(phones, list(ways.of))
    assert known.any()
    wanted, lacking = nearest_within(frames, phones, ways)
    np.testing.assert_array_equal(~lacking, known)
    np.testing.assert_array_equal(wanted[known], np.concatenate([ways.of[phone] for phone in phones[known]]))
    np.testing.assert_allclose(said.clip.samples, spoken(networks().vocoder, wanted), atol=1e-6)


def test_targets_of_a_gender_come_with_a_warning() -> None:
    result = converted(voice(110.0, 5), gender="cross")
    assert result.pseudo_speaker["target_sex"] == "F"
    assert result.warnings == (private_knn_vc.BY_GENDER,)
    assert converted(target="6077", gender="same").warnings == ()


def test_a_target_of_the_folder_says_it_and_is_listened_to_once(tmp_path: Path, monkeypatch) -> None:
    for name in ("ann", "bob"):
        (tmp_path / "speech" / name).mkdir(parents=True)
        (tmp_path / "speech" / name / "1.wav").write_bytes(encode_wav(voice(150.0)))
        (tmp_path / "speech" / name / "2.wav").write_bytes(encode_wav(Clip(np.ones(300, np.float32), RATE_HZ)))
    system = PrivateKnnVc(networks, lambda: tmp_path / "speech", frames_of, tmp_path / "kept")
    first = converted(system=system, targets="folder", target="ann")
    assert first.pseudo_speaker["targets"] == "folder"
    private_knn_vc._centroids.cache_clear()
    monkeypatch.setattr(private_knn_vc.target_features, "speech", lambda target, longest_s: pytest.fail("heard again"))
    again = converted(system=system, targets="folder", target="ann")
    np.testing.assert_array_equal(first.clip.samples, again.clip.samples)


def test_a_name_that_no_target_has_and_a_clip_without_a_voice() -> None:
    with pytest.raises(AnonymizerError, match="one of 7585, 6967, 6077, 517, but 'nobody' came"):
        converted(target="nobody")
    noise = Clip(0.1 * np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32), RATE_HZ)
    with pytest.raises(AnonymizerError, match="choose gender 'any'"):
        converted(noise, gender="same")


def test_what_it_needs(monkeypatch) -> None:
    monkeypatch.delenv("VOICEVEIL_TARGETS", raising=False)
    shared = {"wavlm-large", "private-knn-vc", "knn-vc-hifigan"}
    assert {ref.id for ref in PrivateKnnVc.needs(DEFAULTS)} == shared | {"private-knn-vc-targets"}
    folder = PrivateKnnVc.needs({**DEFAULTS, "targets": "folder"})
    assert {ref.id for ref in folder} == shared | {"librispeech-dev-clean"}


def test_frames_by_phone_are_all_frames_once() -> None:
    frames, phones = np.arange(12, dtype=np.float32).reshape(6, 2), np.array([2, 0, 2, 1, 0, 2])
    found = phone_centroids.by_phone(frames, phones)
    assert {phone: rows[:, 0].tolist() for phone, rows in found.items()} == {0: [2, 8], 1: [6], 2: [0, 4, 10]}
