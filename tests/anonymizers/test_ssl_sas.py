"""SSL-SAS: the reference's frames, sounds and choices; every variant from clip to clip; what cannot be done."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers import (
    emotion_compensation,
    pool,
    pseudo_speaker,
    registry,
    runner,
    ssl_sas,
    ssl_sas_frames,
    ssl_sas_networks,
    weights,
)
from anonymizers.base import AnonymizerError
from anonymizers.nn import hifigan, soft_content
from anonymizers.pool import Pool
from anonymizers.ssl_sas_networks import CONTENTS, KINDS, Networks
from audio.clip import Clip
from tests.anonymizers.filled import filled
from tests.anonymizers.tiny_ssl_sas import VECTOR, networks, tiny
from tests.anonymizers.tiny_ssl_sas import pool as tiny_pool
from tests.conftest import synthetic_voice

DEFAULTS = runner.check_params(ssl_sas.SslSas.info, {})
SPEAKERS = tuple(ssl_sas.KIND_OF)


@pytest.fixture(scope="module")
def short(spoken: Clip) -> Clip:
    """A second of speech and a bit of a frame."""
    return Clip(spoken.samples[8_000:24_100], 16_000)


def run(clip: Clip, seed: int = 1, system: ssl_sas.SslSas | None = None, **params: Any):
    return (system or tiny()).anonymize(clip, seed=seed, **{**DEFAULTS, **params})


# the reference


@pytest.fixture(scope="module")
def golden(shared_dir) -> tuple[Any, Any, dict[str, Any]]:
    folder = shared_dir / "golden" / "ssl_sas"
    state = load_file(folder / "state.safetensors")
    return np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz"), state


@pytest.mark.parametrize(("name", "channels"), [("soft200", 64), ("ssl768", 32)])
def test_frames_and_sound_are_the_references(name: str, channels: int, golden: tuple) -> None:
    given, wanted, state = golden
    features = torch.from_numpy(given["hubert_feat"])[None]
    head = state["soft200.latent_encoder.W"]
    content = soft_content.logits(features, head) if name == "soft200" else features
    own = {
        key.removeprefix(f"{name}."): one for key, one in state.items() if key.startswith(name) and "latent" not in key
    }
    sizes = hifigan.Sizes(
        content.shape[2] + 1 + 192, channels=channels, rates=(5, 4, 2, 2, 2), kernels=(11, 8, 4, 4, 4)
    )
    vocoder = filled(hifigan.network(sizes), own)
    made = Networks(lambda sound: content, None, vocoder)
    np.testing.assert_allclose(ssl_sas_frames.prepared(given["wav_full"])[8_000:40_000], given["audio"], atol=1e-6)
    frames = ssl_sas_frames.heard(given["audio"], given["f0"][0], given["xvector"], made)
    np.testing.assert_allclose(frames[0].T, wanted[f"{name}_gen_in"], atol=1e-5)
    np.testing.assert_allclose(ssl_sas_frames.spoken(frames, made), wanted[f"{name}_wav"], atol=1e-5)


@pytest.fixture(scope="module")
def known(golden: tuple) -> Pool:
    given = golden[0]
    sexes = tuple("M" if male else "F" for male in given["pool_is_male"])
    nothing = np.full(len(sexes), np.nan, np.float32)
    return Pool(tuple(f"p{place:03}" for place in range(len(sexes))), sexes, given["pool"], nothing, nothing)


def test_distances_are_the_references(known: Pool, golden: tuple) -> None:
    given, wanted, _ = golden
    found = np.stack([-known.distances(source) for source in given["src"]])
    np.testing.assert_allclose(found, wanted["affinity"], atol=1e-6)


@pytest.mark.parametrize("level", ["spk", "utt"])
@pytest.mark.parametrize("gender", ["same", "cross"])
def test_candidates_and_choices_are_the_references(gender: Any, level: str, known: Pool, golden: tuple) -> None:
    """The reference draws with Python's generator, seeded once with a string, once a speaker or once for each of their
    two utterances; its draws are put in here."""
    given, wanted, _ = golden
    draws = random.Random("2020")
    for place, source in enumerate(given["src"]):
        sex = "M" if given["src_is_male"][place] else "F"
        among = pseudo_speaker.candidates(known, source, sex, gender)
        order = pseudo_speaker.from_farthest(among, source)[:200]
        ids = [known.speakers.index(among.speakers[one]) for one in order]
        np.testing.assert_array_equal(ids, wanted[f"cand_farthest_{gender}"][place])
        for utterance in range(2 if level == "utt" else 1):
            positions = draws.sample(range(200), 100)
            mix = pseudo_speaker.selec_anon(among, source, Fixed(positions), world=200, region=100)
            made = pseudo_speaker.mixed(among, mix, rng=np.random.default_rng(0))
            row = wanted[f"pseudo_farthest_{gender}_{level}"][2 * place + utterance]
            np.testing.assert_allclose(made.vector, row, atol=1e-5)
        chosen = {known.speakers.index(among.speakers[one]) for one in mix.places}
        assert chosen == set(wanted[f"chosen_farthest_{gender}_{level}"][place])


class Fixed:
    """A generator whose one choice is known."""

    def __init__(self, positions: list[int]) -> None:
        self.positions = positions

    def choice(self, count: int, size: int, replace: bool) -> np.ndarray:
        assert (count, size, replace) == (200, 100, False)
        return np.array(self.positions)


# the variants


@pytest.mark.parametrize(("content", "speaker"), itertools.product(CONTENTS, SPEAKERS))
def test_every_variant_gives_a_sound_as_long_as_the_clip(content: str, speaker: str, short: Clip) -> None:
    result = run(short, content=content, speaker=speaker)
    assert len(result.clip.samples) == len(short.samples) // 320 * 320
    assert np.isfinite(result.clip.samples).all()
    assert result.clip.samples.any()
    published = content == "t12-soft" and speaker in ("anonymised", "original")
    assert result.fidelity == ("original-weights" if published else "house-weights")
    assert any("no anonymization" in one or "comes out again" in one for one in result.warnings) == (
        speaker != "anonymised"
    )


def test_what_is_given_to_the_vocoder_has_the_published_widths() -> None:
    found = {(content, kind): ssl_sas_networks.sizes(content, kind).inputs for content in CONTENTS for kind in KINDS}
    assert found["t12-soft", "ecapa"] == 393
    assert found["t6", "ecapa"] == found["t1", "ecapa"] == 961
    assert found["t1", "none"] == found["t6", "none"] == 769
    assert found["t12-soft", "gst"] == 329


@pytest.mark.parametrize(("content", "kind"), itertools.product(CONTENTS, KINDS))
def test_variants_without_a_public_vocoder_need_training(content: str, kind: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    refs = ssl_sas_networks.needed(content, kind)
    status = weights.status(refs)
    if (content, kind) == ("t12-soft", "ecapa"):
        assert status.state != "needs training"
        assert {ref.licence for ref in refs} == {"CC BY-NC 4.0"}
    else:
        assert status.state == "needs training"
        assert f"python -m training ssl-sas --content {content} --speaker {kind}" in status.detail


def test_the_pool_is_needed_for_anonymised_vectors_only(monkeypatch) -> None:
    monkeypatch.delenv("VOICEVEIL_TARGETS", raising=False)
    needs = lambda **params: {ref.id for ref in registry.needs("ssl-sas", {**DEFAULTS, **params})}  # noqa: E731
    assert needs() == {ref.id for ref in ssl_sas.SslSas.info.weights}
    assert "librispeech-dev-clean" not in needs(speaker="original")
    assert emotion_compensation.weights_of("ssl-sas").id in needs(emotion_compensation="sad")
    assert needs(speaker="none", content="t1") == {"hubert-base", "ssl-sas-t1-none"}
    monkeypatch.setenv("VOICEVEIL_TARGETS", "/somewhere")
    assert "librispeech-dev-clean" not in needs()
    every = {ref.id for ref in ssl_sas.SslSas.every_weight}
    assert all(needs(content=content, speaker=who) <= every for content in CONTENTS for who in SPEAKERS)


def test_a_pool_smaller_than_the_published_one_is_said(short: Clip) -> None:
    result = run(short)
    assert result.pseudo_speaker["world"] == 4  # 12 * 200 / 580
    assert len(result.pseudo_speaker["speakers"]) == result.pseudo_speaker["region"] == 2
    assert "the mean of 2 of the 4 farthest instead of the mean of 100 of 200" in result.warnings[0]
    few = ssl_sas.SslSas(networks, lambda hear, progress: tiny_pool(hear).taken([0, 1, 12, 13]))
    assert "the vector of one real speaker instead of" in run(short, system=few).warnings[0]


@pytest.mark.parametrize("gender", ["same", "cross", "any"])
def test_the_gender_is_the_one_asked_for(gender: str, short: Clip) -> None:
    result = run(short, gender=gender)
    sexes = {one["sex"] for one in result.pseudo_speaker["speakers"]}
    source = result.pseudo_speaker["source_sex"]
    if gender != "any":
        assert sexes == {source if gender == "same" else {"F": "M", "M": "F"}[source]}


def test_emotion_compensation_moves_the_vector(short: Clip, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    made = emotion_compensation.Boundaries(
        "ssl-sas", rng.standard_normal((4, VECTOR)), np.zeros(4), np.array(emotion_compensation.SIGNS["ssl-sas"])
    )
    monkeypatch.setattr(emotion_compensation, "trained_for", lambda encoder: lambda clip: made)
    plain, sad = run(short), run(short, emotion_compensation="sad")
    assert [plain.fidelity, sad.fidelity] == ["original-weights", "house-weights"]  # the boundaries are our recipe's
    assert sad.pseudo_speaker["emotion"] == "sad"
    assert sad.pseudo_speaker["speakers"] == plain.pseudo_speaker["speakers"]
    assert sad.clip.digest != plain.clip.digest
    own = run(short, speaker="original", emotion_compensation="sad")
    assert "Emotion compensation moves anonymised vectors only: it was left out." in own.warnings


def test_styles_are_heard_where_the_seed_says(short: Clip) -> None:
    first, again, other = (run(short, seed, speaker="gst") for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.clip.samples, again.clip.samples)
    assert first.clip.digest != other.clip.digest


# long clips


def test_long_clips_are_cut_at_their_quietest(voice: Clip) -> None:
    samples = ssl_sas_frames.prepared(np.tile(voice.samples, 8))
    parts = ssl_sas_frames.parts(samples, 4.0)
    assert len(parts) == 3
    np.testing.assert_array_equal(np.concatenate(parts), samples)
    assert all(len(part) % 320 == 0 for part in parts)
    for part in parts[1:]:
        assert np.abs(part[:320]).max() < 0.05
    assert [len(part) for part in ssl_sas_frames.parts(samples[:64_000], 4.0)] == [64_000]


def test_long_clips_are_said_to_be_heard_in_parts(short: Clip, monkeypatch) -> None:
    monkeypatch.setattr(ssl_sas_frames, "LONGEST_S", 0.7)
    result = run(short)
    assert len(result.clip.samples) == len(short.samples) // 320 * 320
    assert "heard in 2 parts" in result.warnings[-1]


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_parts_of_digital_silence_tell_nobody(speaker: str, short: Clip, monkeypatch) -> None:
    monkeypatch.setattr(ssl_sas_frames, "LONGEST_S", len(short.samples) / 16_000)
    spoken = run(short, speaker=speaker)
    paused = run(Clip(np.pad(short.samples, (0, 3 * len(short.samples))), 16_000), speaker=speaker)
    assert np.isfinite(paused.clip.samples).all()
    assert paused.pseudo_speaker.keys() == spoken.pseudo_speaker.keys()


def test_the_vocoder_says_the_same_in_pieces(short: Clip, monkeypatch) -> None:
    frames = torch.randn(1, 700, 35)
    whole = ssl_sas_frames.spoken(frames, networks("t12-soft", "ecapa"))
    monkeypatch.setattr(ssl_sas_frames, "SPOKEN_FRAMES", 250)
    np.testing.assert_allclose(ssl_sas_frames.spoken(frames, networks("t12-soft", "ecapa")), whole, atol=1e-6)


# what cannot be done


@pytest.mark.parametrize("samples", [1_600, 1_919, 3_200])
def test_the_shortest_clips_are_done(samples: int, voice: Clip) -> None:
    clip = Clip(voice.samples[2_000 : 2_000 + samples], 16_000)
    for content, speaker in itertools.product(CONTENTS, SPEAKERS):
        assert len(run(clip, content=content, speaker=speaker).clip.samples) == samples // 320 * 320


def test_a_pool_of_one_speaker_is_a_sentence(short: Clip) -> None:
    system = ssl_sas.SslSas(networks, lambda hear, progress: tiny_pool(hear).taken([0]))
    with pytest.raises(AnonymizerError, match="A pool of at least 2 speakers was expected, but this one has 1"):
        run(short, system=system)


def test_a_pool_without_that_gender_is_a_sentence(short: Clip) -> None:
    system = ssl_sas.SslSas(networks, lambda hear, progress: tiny_pool(hear).of_sex("M"))
    with pytest.raises(AnonymizerError, match="The pool has no speaker of sex F but the source"):
        run(short, system=system, gender="cross")


def test_weights_of_another_network_are_a_sentence(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    for name, ref in (("hifigan.pt", ssl_sas_networks.SPEECH), ("ecapa.ckpt", ssl_sas_networks.ECAPA)):
        path = tmp_path / ref.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"conv_pre.weight": torch.zeros(2, 2, 2), "fc.conv.weight": torch.zeros(2)}, path)
    torch.save({"x": torch.zeros(2)}, tmp_path / ssl_sas_networks.SPEECH.place / "hubert_soft.pt")
    with pytest.raises(AnonymizerError, match="0 tensors of HuBERT"):
        ssl_sas_networks.published("t12-soft", "ecapa")
    with pytest.raises(AnonymizerError, match=r"hifigan\.pt: the weights of another network"):
        ssl_sas_networks._vocoder("t12-soft", "ecapa")
    with pytest.raises(AnonymizerError, match=r"ecapa\.ckpt: the weights of another network"):
        ssl_sas_networks.load_ecapa()


def test_the_pool_loads_as_it_was_saved(tmp_path: Path) -> None:
    made = tiny_pool(lambda clip: np.zeros(VECTOR, np.float32))
    pool.save(made, tmp_path / "pool.npz", half=False)
    np.testing.assert_array_equal(pool.load(tmp_path / "pool.npz").vectors, made.vectors)


def test_the_synthetic_voice_keeps_its_pitch_in_the_frames() -> None:
    clip = synthetic_voice(f0_hz=150)
    contour = run(clip).intermediates["F0 given to the vocoder"]
    assert np.nanmedian(contour.values) == pytest.approx(150, rel=0.1)
    assert len(contour.times_s) == len(clip.samples) // 320 * 2
