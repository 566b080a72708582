"""How something is said, by SpeechBrain's wav2vec 2.0 tuned to IEMOCAP: the recogniser of VoicePrivacy's papers.

Wang, Boumadane & Heba, arXiv 2111.02735; weights speechbrain/emotion-recognition-wav2vec2-IEMOCAP (Apache-2.0). The
publisher's way to run it is to execute a Python file that comes with the weights. That is not done: only tensors are
read, and the network is built here as the published hyperparams.yaml describes it,

    samples at mean 0, deviation 1 → wav2vec 2.0 base → layer norm over all frames and channels → mean over frames
    → linear 768 to 4 without bias → softmax.

Verified: the order of the labels (the published SHA-256 of label_encoder.txt is that of neu, ang, hap, sad); names and
shapes of the tensors (public code loads them into the same networks); digests as public projects pin them; the steps
here against SpeechBrain's own classes on random weights. Not verified, as the weights could not be had while this was
written: the answers of the published weights. SpeechBrain adds noise of about 1e-5 to the mean; it is left out here, so
that the same clip gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers.base import Status
from anonymizers.tensors import fill, state_of
from anonymizers.weights import WeightRef
from audio.clip import Clip
from evaluation.recognisers import downloads
from evaluation.recognisers.base import CORE_EMOTIONS, Floats, RecogniserError, RecogniserInfo
from evaluation.recognisers.hearing import audible, parts

LEAST_S = 0.3
LONGEST_S = 20.0
"""Longer clips are heard in parts, and their embeddings averaged, so that memory does not grow with them."""
EMOTIONS = {"neu": "neutral", "ang": "angry", "hap": "happy", "sad": "sad"}
LABEL = re.compile(r"'(\w+)' => (\d+)")

REPO, REVISION = "speechbrain/emotion-recognition-wav2vec2-IEMOCAP", "117a9c3dff08be81a3628eecf6a66b547ec1659b"
SOURCE = WeightRef(
    id="wav2vec2-iemocap",
    title="wav2vec 2.0 (SpeechBrain, IEMOCAP)",
    source=f"huggingface:{REPO}",
    revision=REVISION,
    files=downloads.hugging_face(
        REPO,
        REVISION,
        ("wav2vec2.ckpt", 0, "b6db170a487b2912cfe10359fad40dbb7563120656f26f47c521b1c7e578bdd0"),
        ("model.ckpt", 0, "e351bafc8c0a2699f174e2f43f13e732836731621a8e595b53ddaf5334abcefb"),
        ("label_encoder.txt", 0, "30afecda60619b67b50375bac880df4edc3862c14fb724c86701200b13e080ca"),
    ),
    licence="Apache-2.0",
    about_bytes=378_000_000,
)


class Wav2Vec2Emotion:
    """Probabilities of four emotions, from wav2vec 2.0 tuned to acted and improvised English."""

    info = RecogniserInfo(
        key="wav2vec2-iemocap",
        title="wav2vec 2.0 (IEMOCAP)",
        kind="emotion",
        fidelity="original-weights",
        trained_on="IEMOCAP (ten actors, scripted and improvised dialogues, American English)",
        reference="Wang et al., arXiv 2111.02735; SpeechBrain emotion-recognition-wav2vec2-IEMOCAP",
        language="en",
        weights=SOURCE.summary,
        caution="Its card does not say on which IEMOCAP speakers it was trained: figures on IEMOCAP flatter it.",
    )

    packages = ("torch", "transformers")

    def __init__(self, source: WeightRef = SOURCE, config: Mapping[str, Any] | None = None) -> None:
        """`config`: sizes of wav2vec 2.0 (transformers.Wav2Vec2Config) that differ from wav2vec2-base's."""
        self.source, self.config = source, dict(config or {})

    def status(self) -> Status:
        """Whether the weights are here."""
        return downloads.status(self.source, self.packages)

    def probabilities(self, clip: Clip, *, speaker: str = "") -> dict[str, float]:
        """Of each of CORE_EMOTIONS; they sum to 1. `speaker` plays no part: there is one network for all.

        Raises:
            RecogniserError: if less than 0.3 s of sound came, or the weights cannot be had.
        """
        embedding = self.embed(clip)
        _, head, labels = self._network
        scores = head @ embedding
        shares = np.exp(scores - scores.max())
        found = dict(zip(labels, (shares / shares.sum()).tolist(), strict=True))
        return {emotion: found[emotion] for emotion in CORE_EMOTIONS}

    def embed(self, clip: Clip) -> Floats:
        """The mean of the last layer's normalised frames, float64, (768,).

        Raises:
            RecogniserError: as above.
        """
        pieces = parts(audible(clip, LEAST_S), LONGEST_S)
        return np.average([self._pooled(piece) for piece in pieces], axis=0, weights=[len(piece) for piece in pieces])

    def _pooled(self, samples: Any) -> Floats:
        import torch

        norm = torch.nn.functional.layer_norm
        network = self._network[0]
        with torch.inference_mode():
            heard = torch.tensor(samples)[None]
            frames = network(norm(heard, heard.shape[1:])).last_hidden_state
            return norm(frames, frames.shape[1:]).mean(dim=1)[0].double().numpy()

    @cached_property
    def _network(self) -> tuple[Any, Floats, tuple[str, ...]]:
        """wav2vec 2.0, the linear layer's weights (4, 768), and the emotion of each of its rows."""
        from transformers import Wav2Vec2Config, Wav2Vec2Model

        there = downloads.folder(self.source)
        path = there / "wav2vec2.ckpt"
        network = Wav2Vec2Model(Wav2Vec2Config(apply_spec_augment=False, **self.config))
        with downloads.recogniser_errors():
            state = {re.sub(r"^model\.(wav2vec2\.)?", "", name): value for name, value in state_of(path).items()}
            fill(network, state, path)
        labels = _labels(there / "label_encoder.txt")
        return network, _head(there / "model.ckpt", len(labels), network.config.hidden_size), labels


def _head(path: Path, emotions: int, size: int) -> Floats:
    with downloads.recogniser_errors():
        weight = state_of(path).get("0.w.weight")
    if weight is None or tuple(weight.shape) != (emotions, size):
        came = "none" if weight is None else f"{tuple(weight.shape)}"
        raise RecogniserError(
            f"{path}: a layer 0.w.weight of shape ({emotions}, {size}) was expected, but {came} came."
        )
    return weight.double().numpy()


def _labels(path: Path) -> tuple[str, ...]:
    """The emotions in the order of the network's answers: the lines 'neu' => 0 of SpeechBrain's encoder."""
    lines = (LABEL.fullmatch(line.strip()) for line in path.read_text(encoding="utf-8").split("====")[0].splitlines())
    order = {int(line[2]): EMOTIONS.get(line[1], line[1]) for line in lines if line}
    if sorted(order) != list(range(4)) or set(order.values()) != set(CORE_EMOTIONS):
        raise RecogniserError(
            f"{path}: the labels neu, ang, hap and sad were expected, but {', '.join(order.values()) or 'none'} came."
        )
    return tuple(order[index] for index in range(4))
