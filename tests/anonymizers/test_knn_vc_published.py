"""The loading of kNN-VC's and private kNN-VC's published networks, from small files of the same kind and names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from anonymizers import knn_vc, private_knn_vc, private_knn_vc_networks, wavlm_vocoder
from anonymizers.base import AnonymizerError
from anonymizers.models import Models
from anonymizers.nn import hifigan, phone_predictors, ssl_models
from anonymizers.weights import WeightRef
from benchmarks.knn_vc import microsofts
from tests.anonymizers.tiny_knn_vc import VOCODER, shaken, voice

LARGE = replace(ssl_models.TINY, layers=24)


@pytest.fixture
def store(monkeypatch, tmp_path: Path) -> Path:
    """Every file that the two systems read, small, and a place to keep networks that is empty."""
    wavlm, vocoder = shaken(ssl_models.wavlm_large(LARGE), 0), shaken(hifigan.network(VOCODER), 1)
    ours, theirs = tmp_path / "bshall" / "knn-vc", tmp_path / "carlosfranzreb" / "private_knnvc"
    for folder in (ours, theirs / "checkpoints", theirs / "target_feats"):
        folder.mkdir(parents=True)
    torch.save({"cfg": {"encoder_layers": 24}, "model": microsofts(wavlm.state_dict())}, ours / "WavLM-Large.pt")
    torch.save({"generator": vocoder.state_dict()}, ours / "prematch_g_02500000.pt")
    for name, sizes in (
        ("phone_decoder.pt", phone_predictors.Sizes(LARGE.width, 8, 5)),
        ("duration_decoder.pt", phone_predictors.Sizes(8, 8, 1, phones=5)),
    ):
        torch.save(shaken(phone_predictors.network(sizes), 2).state_dict(), theirs / "checkpoints" / name)
    for number in range(4):
        frames = [torch.randn(9, LARGE.width, generator=torch.Generator().manual_seed(number)) for _ in range(5)]
        torch.save(frames, theirs / "target_feats" / f"{number}.pt")
    kept = Models(10**9)
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    for module in (knn_vc, private_knn_vc_networks, wavlm_vocoder):
        monkeypatch.setattr(module, "models", lambda: kept)
    for module in (knn_vc, private_knn_vc_networks):  # the file is smaller than the published one
        monkeypatch.setattr(module, "WAVLM_LARGE", small(ssl_models.WAVLM_LARGE))
    monkeypatch.setattr(ssl_models, "LARGE", LARGE)
    monkeypatch.setattr(wavlm_vocoder, "SIZES", VOCODER)
    return tmp_path


def small(ref: WeightRef) -> WeightRef:
    return replace(ref, files=tuple(replace(file, bytes=0, sha256="") for file in ref.files))


def test_the_way_to_microsofts_names_and_back_loses_nothing() -> None:
    state = shaken(ssl_models.wavlm_large(ssl_models.TINY), 0).state_dict()
    found = ssl_models.from_microsoft(microsofts(state), ssl_models.TINY.layers)
    assert set(found) == set(state)
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_both_systems_share_what_they_can_and_load_it_once(store: Path) -> None:
    first, again, private = knn_vc.published(), knn_vc.published(), private_knn_vc_networks.published()
    assert first.encoder is again.encoder
    assert len(first.encoder.encoder.transformer.layers) == 6
    assert len(private.encoder.encoder.transformer.layers) == 24
    assert private.vocoder is first.vocoder
    samples = voice(150.0).samples
    six, _ = ssl_models.several(private.encoder, samples, private.layers)
    np.testing.assert_allclose(ssl_models.features(first.encoder, samples, first.layer), six, atol=1e-6)


def test_private_knn_vc_runs_with_its_published_files(store: Path) -> None:
    system = private_knn_vc.PrivateKnnVc()
    defaults = {param.name: param.default for param in system.info.params}
    result = system.anonymize(voice(150.0), seed=0, **{**defaults, "duration_weight": 0.0})
    assert result.pseudo_speaker["centroids"] == 5 * 8
    assert np.isfinite(result.clip.samples).all()


def test_half_precision_is_for_the_encoder_alone_and_is_said(store: Path) -> None:
    whole = knn_vc.published()
    knn_vc.models().clear()
    knn_vc.models().half = True  # as on a GPU
    halved, private = knn_vc.published(), private_knn_vc_networks.published()
    assert [ssl_models.precision(one.encoder) for one in (whole, halved, private)] == ["float32", "float16", "float16"]
    for network in (halved.vocoder, private.vocoder, private.phones, private.durations):
        assert {one.dtype for one in network.parameters()} == {torch.float32}
    assert halved.name != whole.name  # so features of a target are kept apart
    exact, near = (ssl_models.features(one.encoder, voice(120.0).samples, one.layer) for one in (whole, halved))
    assert near.dtype == np.float32
    np.testing.assert_allclose(near, exact, atol=0.02 * exact.std())


def test_a_file_that_is_not_there_is_said_so(store: Path) -> None:
    (store / "carlosfranzreb" / "private_knnvc" / "checkpoints" / "duration_decoder.pt").unlink()
    with pytest.raises(AnonymizerError, match="Private kNN-VC's predictors were expected, but they are not here"):
        private_knn_vc_networks.published()
