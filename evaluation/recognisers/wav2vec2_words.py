"""What is said, letter by letter: wav2vec 2.0 base tuned to LibriSpeech, by torchaudio, without a language model.

Baevski et al., NeurIPS 2020 (arXiv 2006.11477); torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H (weights: MIT licence).
Every 20 ms the likeliest letter is taken, repetitions and blanks are left out (greedy CTC): what the network hears, not
what a language would have it be. The network is torchaudio's own; tested with tiny random weights in the published
layout, digest as public projects pin it. The published weights could not be had while this was written.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from anonymizers.base import Status
from anonymizers.phones import pieces
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip
from evaluation.recognisers import downloads
from evaluation.recognisers.base import RecogniserError, RecogniserInfo
from evaluation.recognisers.hearing import SAMPLE_RATE_HZ, Samples, transcribed

RECEPTIVE_FIELD = 400
"""Samples that the first frame needs."""

FILE = "wav2vec2_fairseq_base_ls960_asr_ls960.pth"
SOURCE = WeightRef(
    id="wav2vec2-960h",
    title="WAV2VEC2_ASR_BASE_960H (torchaudio)",
    source="torchaudio",
    revision="",
    files=(
        WeightFile(
            FILE,
            f"https://download.pytorch.org/torchaudio/models/{FILE}",
            377_664_473,
            "488fd4f16de84438ffc945334278c1b9fb9b7159a806c1080b16111a958c945d",
        ),
    ),
    licence="MIT",
)


class Wav2Vec2Words:
    """English words as they sound, letter by letter."""

    info = RecogniserInfo(
        key="wav2vec2-960h",
        title="wav2vec 2.0 (LibriSpeech)",
        kind="words",
        fidelity="original-weights",
        trained_on="LibriSpeech, 960 h of read English",
        reference="Baevski et al., arXiv 2006.11477; torchaudio WAV2VEC2_ASR_BASE_960H, greedy",
        language="en",
        weights=SOURCE.summary,
        caution="No language model: words that sound right may be misspelt, and count as errors.",
    )

    packages = ("torch", "torchaudio")

    def __init__(self, source: WeightRef = SOURCE, bundle: Any = None) -> None:
        """`bundle`: a torchaudio.pipelines.Wav2Vec2ASRBundle; none: WAV2VEC2_ASR_BASE_960H."""
        self.source, self._bundle = source, bundle

    def status(self) -> Status:
        """Whether the weights are here."""
        return downloads.status(self.source, self.packages)

    def transcribe(self, clip: Clip) -> str:
        """Words in lower case; clips over 15 s are heard piece by piece, cut where they are quietest.

        Raises:
            RecogniserError: if the weights cannot be had.
        """
        if clip.is_silent:
            return ""
        heard = clip.resampled(SAMPLE_RATE_HZ)
        return transcribed(" ".join(self._read(heard.samples[piece]) for piece in pieces(heard)))

    def _read(self, samples: Samples) -> str:
        import torch

        if len(samples) < RECEPTIVE_FIELD:
            return ""
        network, labels = self._network
        with torch.inference_mode():
            logits, _ = network(torch.tensor(samples)[None])
        return greedy(logits[0].argmax(dim=1).tolist(), labels)

    @cached_property
    def _network(self) -> tuple[Any, tuple[str, ...]]:
        import pickle

        import torchaudio

        bundle = self._bundle or torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H
        there = downloads.folder(self.source)
        path = there / self.source.files[0].name
        try:
            network = bundle.get_model(dl_kwargs={"model_dir": str(there), "weights_only": True, "map_location": "cpu"})
        except (RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
            raise RecogniserError(
                f"{path}: the weights of WAV2VEC2_ASR_BASE_960H were expected, but the file is damaged or another "
                f"network's ({type(error).__name__}): delete it, and it is fetched again."
            ) from None
        return network.eval().requires_grad_(False), bundle.get_labels()


def greedy(best: list[int], labels: tuple[str, ...]) -> str:
    """The text of the likeliest label at each frame: repetitions are one, label 0 (blank) is none, "|" is a space."""
    kept = [now for before, now in zip([-1, *best], best, strict=False) if now != before and now != 0]
    return "".join(labels[index] for index in kept).replace("|", " ")
