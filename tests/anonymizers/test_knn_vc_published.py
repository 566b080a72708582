"""The loading of kNN-VC's and private kNN-VC's published networks, from small files of the same kind and names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from anonymizers import knn_vc, private_knn_vc, private_knn_vc_networks, wavlm_vocoder, weights
from anonymizers.base import AnonymizerError
from anonymizers.models import Models
from anonymizers.nn import hifigan, phone_predictors, ssl_models
from anonymizers.weights import WeightRef
from benchmarks.knn_vc import microsofts
from tests.anonymizers.tiny_knn_vc import VOCODER, shaken, voice

LARGE = replace(ssl_models.TINY, layers=24)
FILES = {ssl_models.WAVLM_LARGE.id: "WavLM-Large.pt", wavlm_vocoder.REF.id: "g.pt"}


@pytest.fixture
def store(monkeypatch, tmp_path: Path) -> Path:
    """Every file that the two systems read, small, and a place to keep networks that is empty."""
    wavlm, vocoder = shaken(ssl_models.wavlm_large(LARGE), 0), shaken(hifigan.network(VOCODER), 1)
    torch.save({"cfg": {"encoder_layers": 24}, "model": microsofts(wavlm.state_dict())}, tmp_path / "WavLM-Large.pt")
    torch.save({"generator": vocoder.state_dict()}, tmp_path / "g.pt")
    (tmp_path / "checkpoints").mkdir()
    for name, sizes in (
        ("phone_decoder.pt", phone_predictors.Sizes(LARGE.width, 8, 5)),
        ("duration_decoder.pt", phone_predictors.Sizes(8, 8, 1, phones=5)),
    ):
        torch.save(shaken(phone_predictors.network(sizes), 2).state_dict(), tmp_path / "checkpoints" / name)
    (tmp_path / "target_feats").mkdir()
    for number in range(4):
        frames = [torch.randn(9, LARGE.width, generator=torch.Generator().manual_seed(number)) for _ in range(5)]
        torch.save(frames, tmp_path / "target_feats" / f"{number}.pt")
    kept = Models(10**9)
    for module in (knn_vc, private_knn_vc_networks, wavlm_vocoder):
        monkeypatch.setattr(module, "models", lambda: kept)

    def path_of(ref: WeightRef, name: str = "") -> Path:
        return tmp_path / (name or FILES[ref.id])

    for module in (knn_vc, wavlm_vocoder, weights):
        monkeypatch.setattr(module, "path_of", path_of)
    monkeypatch.setattr(weights, "located", lambda ref: tmp_path)
    monkeypatch.setattr(ssl_models, "LARGE", LARGE)
    monkeypatch.setattr(wavlm_vocoder, "SIZES", VOCODER)
    return tmp_path


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


def test_an_archive_without_the_file_is_said_so(store: Path) -> None:
    (store / "checkpoints" / "duration_decoder.pt").unlink()
    with pytest.raises(AnonymizerError, match=r"duration_decoder\.pt was expected"):
        private_knn_vc_networks.published()
