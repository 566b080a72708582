"""The last step of the speaker encoder: how one speaker's utterances differ is made small against how speakers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.nn import ecapa

Floats = npt.NDArray[np.float64]
UTTERANCES = 8
PIECE_S = 4.0
SHRINKAGE = 0.2


def fold_in(module: Any, sounds: Sequence[Sequence[npt.NDArray[np.int16]]]) -> None:
    """Centre and whiten the embeddings of a trained `module` by the training speech, inside its last layer.

    With μ the mean over speakers and W the covariance within them: e' = (W + λ tr(W)/d · I)^(-1/2) (e − μ),
    within-class covariance normalisation (Hatch, Kajarekar & Stolcke, Interspeech 2006) with shrinkage λ = 0.2.
    `sounds`: the utterances of each speaker, 16-bit at 16 kHz.
    """
    import torch

    found = [_embeddings(module, _pieces(own)) for own in sounds]
    centre, matrix = whitening(found)
    layer = module.ecapa.fc.conv
    weight, bias = layer.weight.double(), layer.bias.double()
    with torch.no_grad():
        layer.weight.copy_(torch.einsum("de,eck->dck", torch.from_numpy(matrix), weight))
        layer.bias.copy_(torch.from_numpy(matrix) @ (bias - torch.from_numpy(centre)))


def whitening(found: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The centre, (d,), and the matrix, (d, d), for the embeddings of each speaker, (n, d) each."""
    means = [own.mean(axis=0) for own in found]
    within = np.concatenate([own - mean for own, mean in zip(found, means, strict=True)])
    covariance = within.T @ within / len(within)
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size))
    return np.mean(means, axis=0), (vectors / np.sqrt(values)) @ vectors.T


def _pieces(own: Sequence[npt.NDArray[np.int16]]) -> list[npt.NDArray[np.float32]]:
    """The starts of up to eight utterances, at most 4 s each; of an only one, its thirds."""
    chosen = [sound[: int(PIECE_S * ecapa.SAMPLE_RATE_HZ)] for sound in own[:UTTERANCES]]
    chosen = chosen if len(own) > 1 else np.array_split(own[0], 3)
    return [np.divide(sound, 32768, dtype=np.float32) for sound in chosen if len(sound) >= 6 * ecapa.HOP + ecapa.WINDOW]


def _embeddings(module: Any, pieces: Sequence[npt.NDArray[np.float32]]) -> Floats:
    """What the last layer gives, before its length is made 1, (n, 192)."""
    import torch

    with torch.inference_mode():
        return np.array(
            [module.ecapa(torch.from_numpy(ecapa.features(piece)[None]))[0, 0].double().numpy() for piece in pieces]
        )
