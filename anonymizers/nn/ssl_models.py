"""Self-supervised encoders of speech: WavLM-Large and HuBERT base, 50 frames a second, as torchaudio builds them.

Chen et al., "WavLM", JSTSP 2022; Hsu et al., "HuBERT", TASLP 2021. Layer n is what the n-th transformer block gives,
from 1, without the norm that follows the last one: the numbering of kNN-VC and SSL-SAS. The waveform goes in as it is:
WavLM-Large was trained on waveforms of zero mean and unit variance, but kNN-VC and private kNN-VC do not normalise, and
their vocoder learned from what comes out so. Frame t hears samples 320 t to 320 t + 399; nothing is padded.

Weights are those of the publishers: WavLM-Large as kNN-VC's release has it (Microsoft's names of the parts, renamed
here), HuBERT base as torchaudio has it. Verified with random weights: torchaudio's WavLM against transformers', and the
renaming by Microsoft's names. Not verified, as the weights could not be had while this was written: the published ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from anonymizers.nn.spans import spans
from anonymizers.weights import WeightFile, WeightRef

Module = Any
Floats = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
HOP = 320
"""Samples from frame to frame, 20 ms."""
FRAME = 400
"""Samples that a frame hears, 25 ms."""
LONGEST_FRAMES = 1_500
"""Longer sounds (30 s) are heard in pieces: attention needs memory with the square of the length."""
CONTEXT_FRAMES = 100
"""What a piece hears on either side beyond its own frames."""

WAVLM_LARGE = WeightRef(
    id="wavlm-large",
    title="WavLM Large",
    source="github:bshall/knn-vc",
    revision="v0.1",
    files=(
        WeightFile(
            "WavLM-Large.pt",
            "https://github.com/bshall/knn-vc/releases/download/v0.1/WavLM-Large.pt",
            1_261_965_425,
            "6fb4b3c3e6aa567f0a997b30855859cb81528ee8078802af439f7b2da0bf100f",
        ),
    ),
    licence="MIT",
)
"""Microsoft's checkpoint; size and SHA-256 as several public projects pin them."""

HUBERT_BASE = WeightRef(
    id="hubert-base",
    title="HuBERT base (LibriSpeech 960 h)",
    source="torchaudio",
    revision="",
    files=(
        WeightFile(
            "hubert_fairseq_base_ls960.pth",
            "https://download.pytorch.org/torchaudio/models/hubert_fairseq_base_ls960.pth",
        ),
    ),
    licence="MIT",
    about_bytes=360_000_000,
)
"""torchaudio publishes neither the exact size nor a digest."""


@dataclass(frozen=True)
class Sizes:
    """Of an encoder; what is not here is the same in all of them.

    Attributes:
        width: numbers a frame; heads: of attention; inner: width of the feed-forward parts.
        layers: transformer blocks.
        channels: of the convolutions over samples.
        position_kernel, position_groups: of the convolution that tells positions.
        buckets, farthest: of relative positions (WavLM).
    """

    width: int = 1024
    heads: int = 16
    inner: int = 4096
    layers: int = 24
    channels: int = 512
    position_kernel: int = 128
    position_groups: int = 16
    buckets: int = 320
    farthest: int = 800


LARGE = Sizes()
BASE = Sizes(width=768, heads=12, inner=3072, layers=12)
TINY = Sizes(width=16, heads=2, inner=32, layers=3, channels=8, position_kernel=8, position_groups=2, buckets=8)


def wavlm_large(sizes: Sizes = LARGE) -> Module:
    """WavLM with layer norms in its convolutions and before its blocks, without training."""
    from torchaudio.models import wavlm_model

    return wavlm_model(
        **_common(sizes, "layer_norm", norm_first=True),
        encoder_num_buckets=sizes.buckets,
        encoder_max_distance=sizes.farthest,
    )


def hubert_base(sizes: Sizes = BASE) -> Module:
    """HuBERT with one group norm over time in its convolutions and norms after its blocks, without training."""
    from torchaudio.models import wav2vec2_model

    return wav2vec2_model(**_common(sizes, "group_norm", norm_first=False))


def load_wavlm_large(path: Path, layers: int = LARGE.layers) -> Module:
    """WavLM-Large with published weights, its first `layers` blocks only: the others are not built.

    Raises:
        AnonymizerError: if `path` holds something else.
    """
    from anonymizers import tensors

    state = tensors.state_of(path)
    renamed = from_microsoft(state.get("model", state), layers)
    return tensors.fill(wavlm_large(replace(LARGE, layers=layers)), renamed, path)


def times_s(frames: int) -> npt.NDArray[np.float64]:
    """The middle of each frame, in s: (frames,)."""
    return (np.arange(frames) * HOP + FRAME / 2) / SAMPLE_RATE_HZ


def precision(module: Module) -> str:
    """What the encoder computes in: "float32", or "float16" where half precision was asked for."""
    return str(next(module.parameters()).dtype).removeprefix("torch.")


def features(module: Module, samples: Floats, layer: int) -> Floats:
    """What layer `layer` of an encoder makes of a sound at 16 kHz, float32, (n,): float32, ((n - 80) // 320, width).

    Raises:
        AnonymizerError: if the sound is shorter than one frame (400 samples).
    """
    return several(module, samples, (layer,))[0]


def several(module: Module, samples: Floats, layers: Sequence[int]) -> tuple[Floats, ...]:
    """As `features`, for several layers at once.

    Sounds of more than 30 s are heard in pieces of equal length with 2 s of context on either side; the references hear
    them whole.
    """
    import torch

    count = (len(samples) - (FRAME - HOP)) // HOP
    if count < 1:
        raise AnonymizerError(
            f"At least {1000 * FRAME / SAMPLE_RATE_HZ:g} ms of sound, one frame of the encoder, was expected, but "
            f"{1000 * len(samples) / SAMPLE_RATE_HZ:.1f} ms came: take a longer clip."
        )
    parameter = next(module.parameters())
    found: list[list[Floats]] = [[] for _ in layers]
    for span in spans(count, LONGEST_FRAMES, CONTEXT_FRAMES):
        last = len(samples) if span.stop == count else span.stop * HOP + FRAME - HOP
        with torch.inference_mode():
            given = torch.tensor(samples[span.start * HOP : last])[None].to(parameter.device, parameter.dtype)
            outputs, _ = module.extract_features(given, num_layers=max(layers))
            for kept, layer in zip(found, layers, strict=True):
                kept.append(outputs[layer - 1][0, span.own].float().cpu().numpy())
    return tuple(np.concatenate(kept) for kept in found)


IN_A_BLOCK = re.compile(r"encoder\.layers\.(\d+)\.(?:self_attn\.([qkv])_proj\.(weight|bias)|(.+))")
RENAMED = (
    ("post_extract_proj.", "encoder.feature_projection.projection."),
    ("layer_norm.", "encoder.feature_projection.layer_norm."),
    ("encoder.pos_conv.0.", "encoder.transformer.pos_conv_embed.conv."),
    ("encoder.layer_norm.", "encoder.transformer.layer_norm."),
)
RENAMED_IN_A_BLOCK = (
    ("self_attn.out_proj.", "attention.attention.out_proj."),
    ("self_attn.relative_attention_bias.", "attention.rel_attn_embed."),
    ("self_attn.grep_linear.", "attention.gru_rel_pos_linear."),
    ("self_attn.grep_a", "attention.gru_rel_pos_const"),
    ("self_attn_layer_norm.", "layer_norm."),
    ("final_layer_norm.", "final_layer_norm."),
    ("fc1.", "feed_forward.intermediate_dense."),
    ("fc2.", "feed_forward.output_dense."),
)


def from_microsoft(state: Mapping[str, Any], layers: int) -> dict[str, Any]:
    """A WavLM checkpoint's tensors under torchaudio's names: the first `layers` blocks; what only training needs
    (the mask's embedding) is left out. Unknown names stay as they are, so that loading names them."""
    import torch

    renamed: dict[str, Any] = {}
    projections: dict[str, dict[str, Any]] = {}
    for name, tensor in state.items():
        if found := IN_A_BLOCK.fullmatch(name):
            number, letter, what, rest = found.groups()
            if int(number) >= layers:
                continue
            block = f"encoder.transformer.layers.{number}."
            if letter:
                projections.setdefault(f"{block}attention.attention.in_proj_{what}", {})[letter] = tensor
            else:
                renamed[block + _renamed(rest, RENAMED_IN_A_BLOCK)] = tensor
        elif name.startswith("feature_extractor.conv_layers."):
            renamed[name.replace(".0.weight", ".conv.weight").replace(".2.1.", ".layer_norm.")] = tensor
        elif name != "mask_emb":
            renamed[_renamed(name, RENAMED)] = tensor
    together = {
        name: torch.cat([parts[one] for one in sorted(parts, key="qkv".index)]) for name, parts in projections.items()
    }
    return renamed | together


def _renamed(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    return next((new + name.removeprefix(old) for old, new in pairs if name.startswith(old)), name)


def _common(sizes: Sizes, mode: str, *, norm_first: bool) -> dict[str, Any]:
    channels = sizes.channels
    return {
        "extractor_mode": mode,
        "extractor_conv_layer_config": [(channels, 10, 5), *[(channels, 3, 2)] * 4, *[(channels, 2, 2)] * 2],
        "extractor_conv_bias": False,
        "encoder_embed_dim": sizes.width,
        "encoder_pos_conv_kernel": sizes.position_kernel,
        "encoder_pos_conv_groups": sizes.position_groups,
        "encoder_num_layers": sizes.layers,
        "encoder_num_heads": sizes.heads,
        "encoder_ff_interm_features": sizes.inner,
        "encoder_layer_norm_first": norm_first,
        **dict.fromkeys(("encoder_projection_dropout", "encoder_attention_dropout", "encoder_ff_interm_dropout"), 0.0),
        **dict.fromkeys(("encoder_dropout", "encoder_layer_drop"), 0.0),
        "aux_num_out": None,
    }
