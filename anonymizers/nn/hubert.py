"""HuBERT base, the speech model whose layers SSL-SAS takes as what is said.

Hsu et al., "HuBERT", IEEE/ACM TASLP 29 (2021); torchaudio's network, into which torchaudio's published file of the same
weights (hubert_fairseq_base_ls960.pth, MIT) fits as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from anonymizers.base import AnonymizerError

Module = Any
LAYERS = 12
HOP = 320
LEAST_SAMPLES = 400
"""One frame hears so many."""
PARTS = ("feature_extractor.", "encoder.")


def network() -> Module:
    """HuBERT base without training: sound, float32 (b, n), 16 kHz, not normalised."""
    from torchaudio.models import hubert_base

    return hubert_base()


def layer(module: Module, sound: Any, number: int) -> Any:
    """What layer `number` (1 to 12, as the papers count) makes of a sound (b, n): (b, (n - 400) // 320 + 1, 768)."""
    return module.extract_features(sound, num_layers=number)[0][-1]


def flattened(state: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor of a file with the path of its name, however its parts are nested."""
    for name, value in state.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{before}{name}.")
        elif hasattr(value, "shape"):
            yield before + name, value


def own(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors that are HuBERT's under torchaudio's names, whatever prefix they have in the file.

    Raises:
        AnonymizerError: if there is none.
    """
    found = {}
    for name, tensor in flattened(state):
        start = min((name.find(part) for part in PARTS if part in f".{name}"), default=-1)
        if start >= 0 and (start == 0 or name[start - 1] == "."):
            found[name[start:]] = tensor
    if not found:
        raise AnonymizerError(
            "A HuBERT under torchaudio's names (feature_extractor, encoder) was expected, but the file holds none: get "
            "the published one."
        )
    return found
