"""The house networks before any training: pieces are as the whole, and what they hear of what is to come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import house_model
from anonymizers.nn import decoder, phone_encoder
from anonymizers.nn.mel import N_MELS

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "causal"])
def encoder(request: pytest.FixtureRequest):
    return untrained(lambda: phone_encoder.network(causal=request.param))


def untrained(make):
    torch.manual_seed(3)
    return make().eval()


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32))


CAUSAL = untrained(lambda: phone_encoder.network(causal=True))
DECODER = untrained(decoder.network)


@pytest.mark.parametrize("frames", [1, 2, 7, 50])
def test_a_content_frame_for_two_mel_frames(encoder, frames: int):
    with torch.inference_mode():
        content, logits = encoder.whole(noise(2, frames, N_MELS))
    assert content.shape == (2, -(-frames // 2), phone_encoder.BOTTLENECK)
    assert logits.shape == (2, -(-frames // 2), phone_encoder.PHONES)
    assert content.abs().max() <= 1


@settings(max_examples=5)
@given(st.lists(st.integers(1, 12), max_size=6))
def test_the_causal_encoder_goes_on_where_it_stopped(pairs: list[int]):
    mel = noise(1, 60, N_MELS)
    states, parts, at = CAUSAL.first_state(), [], 0
    with torch.inference_mode():
        whole, _ = CAUSAL.whole(mel)
        for size in [*(2 * one for one in pairs), 64]:
            piece = torch.nn.functional.pad(mel, (0, 0, 0, 4))[:, at : at + size]
            at += piece.shape[1]
            if piece.shape[1]:
                content, _, states = CAUSAL(piece, states)
                parts.append(content)
    found = torch.cat(parts, dim=1)[:, phone_encoder.DELAY :]
    np.testing.assert_allclose(found, whole, atol=1e-5)


@settings(max_examples=5)
@given(st.lists(st.integers(1, 15), max_size=6))
def test_the_decoder_goes_on_where_it_stopped(sizes: list[int]):
    frames, speaker = noise(1, 40, decoder.INPUTS), noise(1, decoder.SPEAKER)
    states, parts = DECODER.first_state(), []
    with torch.inference_mode():
        whole = DECODER.whole(frames, speaker)
        rest = torch.nn.functional.pad(frames, (0, 0, 0, decoder.DELAY))
        for size in [*sizes, 41]:
            piece, rest = rest[:, :size], rest[:, size:]
            if piece.shape[1]:
                gains, states = DECODER(piece, speaker, states)
                parts.append(gains)
    np.testing.assert_allclose(torch.cat(parts, dim=1)[:, decoder.DELAY :], whole, atol=1e-5)


def heard(output: torch.Tensor, given: torch.Tensor) -> np.ndarray:
    """Which frames of `given`, (1, frames, d), the output depends on."""
    (slope,) = torch.autograd.grad(output.sum(), given)
    return np.flatnonzero(slope[0].abs().sum(1).numpy())


def test_the_causal_encoder_hears_five_mel_frames_ahead_and_no_more():
    mel = noise(1, 200, N_MELS).requires_grad_()
    frames = heard(CAUSAL.whole(mel)[0][0, 60], mel)
    assert frames.max() == 120 + phone_encoder.STRIDE * (phone_encoder.DELAY + 1) - 1


def test_the_other_encoder_hears_less_than_the_margin_of_a_piece():
    whole = untrained(phone_encoder.network)
    mel = noise(1, 400, N_MELS).requires_grad_()
    frames = heard(whole.whole(mel)[0][0, 100], mel)
    assert 200 - frames.min() <= house_model.MARGIN_FRAMES
    assert 50 < frames.max() - 200 <= house_model.MARGIN_FRAMES


def test_the_decoder_hears_one_frame_ahead():
    frames = noise(1, 80, decoder.INPUTS).requires_grad_()
    found = heard(DECODER.whole(frames, noise(1, decoder.SPEAKER))[0, 50], frames)
    assert found.max() == 50 + decoder.DELAY


def test_the_speaker_changes_the_voice_and_so_does_nobody():
    frames = noise(1, 20, decoder.INPUTS)
    speakers = torch.cat((noise(2, decoder.SPEAKER), torch.zeros(1, decoder.SPEAKER))) / decoder.SPEAKER**0.5
    with torch.inference_mode():
        one, other, nobody = DECODER.whole(frames.expand(3, -1, -1), speakers)
    assert min((one - other).abs().max(), (one - nobody).abs().max()) > 1e-3


def test_codes_are_the_nearest_vectors():
    content, codebook = noise(3, 5, 8), noise(12, 8)
    codes, places = phone_encoder.quantised(content, codebook)
    distances = ((content[:, :, None] - codebook) ** 2).sum(-1)
    np.testing.assert_array_equal(places, distances.argmin(-1))
    np.testing.assert_array_equal(codes, codebook[places])
    again, _ = phone_encoder.quantised(codes, codebook)
    np.testing.assert_array_equal(again, codes)


@pytest.mark.parametrize("causal", [False, True])
def test_what_is_kept_is_read_again(causal: bool, tmp_path):
    from training import export

    used = phone_encoder.for_use(untrained(lambda: phone_encoder.network(causal=causal)))
    export.safetensors(used, tmp_path / "encoder.safetensors")
    read = phone_encoder.load(tmp_path / "encoder.safetensors", causal)
    for name, tensor in read.state_dict().items():
        np.testing.assert_allclose(tensor, used.encoder.state_dict()[name], rtol=1e-3, atol=1e-7)
    export.safetensors(DECODER, tmp_path / "decoder.safetensors")
    assert (decoder.load(tmp_path / "decoder.safetensors").gains.bias == DECODER.gains.bias).all()
