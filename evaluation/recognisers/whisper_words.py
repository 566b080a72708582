"""What is said, by OpenAI's Whisper: a recogniser that knows the language, and guesses where it cannot hear.

Radford et al., arXiv 2212.04356; weights openai/whisper-* in transformers' form (Apache-2.0; OpenAI's originals MIT).
Greedy, without timestamps or earlier text as context, in one given language. Tested with tiny random weights in the
published layout; revisions and digests as several public projects pin them. The published weights could not be had
while this was written.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from anonymizers.base import Status
from anonymizers.phones import pieces
from anonymizers.weights import WeightRef
from audio.clip import Clip
from evaluation.recognisers import downloads
from evaluation.recognisers.base import RecogniserError, RecogniserInfo
from evaluation.recognisers.hearing import SAMPLE_RATE_HZ, Samples, transcribed

LONGEST_S = 29.0
"""Whisper hears 30 s at a time; longer clips are cut where they are quietest."""
MOST_TOKENS = 440
"""Of its 448; speech that fills 30 s needs about 120."""
LANGUAGES = {"en": "English", "de": "German"}


class Published(NamedTuple):
    """One size: its commit, SHA-256 and bytes of model.safetensors, and millions of parameters."""

    revision: str
    sha256: str
    bytes: int
    parameters_m: int


SIZES = {
    "tiny": Published(
        "169d4a4341b33bc18d8881c4b69c2e104e1cc0af",
        "7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395", 151_061_672, 39,
    ),
    "base": Published(
        "e37978b90ca9030d5170a5c07aadb050351a65bb",
        "07cadb9f25677c8d50df603e66a98fbd842cce45047139baeb16e6219a1e807b", 290_403_936, 74,
    ),
    "small": Published(
        "973afd24965f72e36ca33b3055d56a652f456b4d",
        "1d7734884874f1a1513ed9aa760a4f8e97aaa02fd6d93a3a85d27b2ae9ca596b", 966_995_080, 244,
    ),
    "medium": Published(
        "abdf7c39ab9d0397620ccaea8974cc764cd0953e",
        "62f73550fa6db24b0c6f6c5962bd0dae80fa644e93cde9cd9c3792971b47fd28", 3_055_544_304, 769,
    ),
    "large-v3": Published(
        "06f233fe06e710322aca913c1bc4249a0d71fce1",
        "a8e94b85976e5864ba3e9525c7e6c83b2a1eca42d4b797a0c7c24d778e40fd95", 3_087_130_976, 1550,
    ),
    "large-v3-turbo": Published(
        "41f01f3fe87f28c78e2fbf8b568835947dd65ed9",
        "542566a422ae4f3fd23f1ba11add198fca01bbf82e66e6a2857b3f608b1eb9d1", 1_617_824_864, 809,
    ),
}  # fmt: skip
OTHER_FILES = tuple(
    f"{name}.json" for name in ("config", "generation_config", "preprocessor_config", "tokenizer", "tokenizer_config")
)


OTHER_BYTES = 3_000_000
"""Of these files together, roughly."""


def source(size: str) -> WeightRef:
    """Where the weights of one of SIZES come from."""
    published, repo = SIZES[size], f"openai/whisper-{size}"
    model = ("model.safetensors", published.bytes, published.sha256)
    others = ((name, 0, "") for name in OTHER_FILES)
    return WeightRef(
        id=f"whisper-{size}",
        title=f"Whisper {size}",
        source=f"huggingface:{repo}",
        revision=published.revision,
        files=downloads.hugging_face(repo, published.revision, model, *others),
        licence="Apache-2.0",
        loader="safetensors",
        about_bytes=published.bytes + OTHER_BYTES,
    )


class Whisper:
    """Words of one language."""

    packages = ("torch", "transformers")

    def __init__(self, size: str, language: str = "en", weights: WeightRef | None = None) -> None:
        """`size`: one of SIZES; `language`: "en" or "de"; `weights`: instead of the published ones of that size."""
        self.source = weights or source(size)
        self.info = RecogniserInfo(
            key=f"whisper-{size}" + ("" if language == "en" else f"-{language}"),
            title=f"Whisper {size}" + ("" if language == "en" else f", {LANGUAGES[language]}"),
            kind="words",
            fidelity="original-weights",
            trained_on=f"speech with subtitles from the web in 99 languages; {SIZES[size].parameters_m:,} M parameters",
            reference="Radford et al., arXiv 2212.04356; greedy, transformers",
            language=language,
            weights=self.source.summary,
            caution="It guesses: noise may become words that nobody said. It writes numbers as digits, "
            "which count as errors against transcripts in words.",
        )

    def status(self) -> Status:
        """Whether the weights are here."""
        return downloads.status(self.source, self.packages)

    def transcribe(self, clip: Clip) -> str:
        """Words in lower case without punctuation; "" for digital silence.

        Raises:
            RecogniserError: if the weights cannot be had.
        """
        if clip.is_silent or not len(clip.samples):
            return ""
        heard = clip.resampled(SAMPLE_RATE_HZ)
        cuts = pieces(heard, longest_s=LONGEST_S)
        return transcribed(" ".join(self._read(heard.samples[piece]) for piece in cuts))

    def _read(self, samples: Samples) -> str:
        import torch

        processor, network = self._network
        features = processor(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt").input_features
        with torch.inference_mode():
            tokens = network.generate(
                input_features=features.to(network.dtype),
                language=self.info.language,
                task="transcribe",
                do_sample=False,
                num_beams=1,
                max_new_tokens=min(MOST_TOKENS, network.config.max_target_positions - 8),
            )
        return processor.batch_decode(tokens, skip_special_tokens=True)[0]

    @cached_property
    def _network(self) -> tuple[Any, Any]:
        """Features and letters on one side, the network (float32) on the other."""
        import torch
        from transformers import WhisperForConditionalGeneration, WhisperProcessor

        there = downloads.folder(self.source)
        try:
            processor = WhisperProcessor.from_pretrained(there, local_files_only=True)
            network = WhisperForConditionalGeneration.from_pretrained(
                there, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            said = str(error).strip().splitlines()[0][:160]
            raise RecogniserError(
                f"{there}: the files of {self.source.place.as_posix()} were expected, but: {said}"
            ) from None
        return processor, network.eval().requires_grad_(False)
