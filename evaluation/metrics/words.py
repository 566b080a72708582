"""Word and character errors of transcripts (jiwer): pooled over a corpus, errors / words of the references.

    WER = (substitutions + deletions + insertions) / words

is at least 0, can exceed 1, and is better when lower (Levenshtein alignment of words; as in VoicePrivacy 2024).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, noted, ratio_interval
from evaluation.metrics.curves import MetricError

Kind = Literal["equal", "substitution", "deletion", "insertion"]
KINDS: dict[str, Kind] = {
    "equal": "equal",
    "substitute": "substitution",
    "delete": "deletion",
    "insert": "insertion",
}
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´＇", "'"))


def normalised(text: str) -> str:
    """A transcript as it is compared: words in lower case, one space between them.

    Unicode NFKC (umlauts and accents stay, as one character); every apostrophe is ', kept inside words (don't) and
    dropped around them; hyphens and all other punctuation are spaces. Numbers and abbreviations stay as written.
    """
    plain = unicodedata.normalize("NFKC", text.translate(APOSTROPHES)).lower()
    plain = re.sub(r"[^\w']|_", " ", plain)
    return " ".join(re.sub(r"(?<!\w)'+|'+(?!\w)", " ", plain).split())


class WordError(NamedTuple):
    """A word as it was said and as it was heard; "" where there is none."""

    kind: Kind
    reference: str
    hypothesis: str


def word_errors(reference: str, hypothesis: str) -> list[WordError]:
    """The two texts, normalised, word beside word: for marking errors. An empty reference makes all insertions."""
    said, heard = normalised(reference).split(), normalised(hypothesis).split()
    if not said or not heard:
        return [*(WordError("deletion", word, "") for word in said), *(WordError("insertion", "", w) for w in heard)]
    import jiwer

    found: list[WordError] = []
    for chunk in jiwer.process_words(" ".join(said), " ".join(heard)).alignments[0]:
        left = said[chunk.ref_start_idx : chunk.ref_end_idx]
        right = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        pairs = zip_longest(left, right, fillvalue="")  # equally many, or one side empty
        found += [WordError(KINDS[chunk.type], one, other) for one, other in pairs]
    return found


@dataclass(frozen=True, eq=False)
class ErrorRate:
    """Errors of transcripts against references.

    Attributes:
        value: errors / total, at least 0; NaN without references.
        substitutions, deletions, insertions, total: counted over all utterances; total: words (or characters) said.
        errors, totals: by utterance, (n,); NaN for those that are left out.
        note: how many are left out, and why.
    """

    value: float
    substitutions: int
    deletions: int
    insertions: int
    total: int
    errors: npt.NDArray[np.float64]
    totals: npt.NDArray[np.float64]
    note: str = ""

    def interval(
        self,
        speakers: npt.ArrayLike,
        *,
        rng: np.random.Generator,
        replicates: int = 1000,
        confidence: float = 0.95,
    ) -> Interval:
        """The rate with its interval for other speakers; speakers by utterance, (n,)."""
        kept = np.isfinite(self.errors)
        found = ratio_interval(
            self.errors[kept], self.totals[kept], np.ravel(np.asarray(speakers))[kept],
            rng=rng, replicates=replicates, confidence=confidence,
        )  # fmt: skip
        return noted(Interval(found.value, max(0.0, found.low), found.high, found.note), self.note)


def wer(references: Sequence[str | None], hypotheses: Sequence[str | None]) -> ErrorRate:
    """Word error rate of n normalised transcripts, total errors / total words.

    A missing reference (None, or without a word) or a missing hypothesis (None) leaves its utterance out, and `note`
    says how many; an empty hypothesis is one in which nothing was heard: all its words are deletions.

    Raises:
        MetricError: if there are not as many hypotheses as references.
    """
    return _rate(references, hypotheses, "words")


def cer(references: Sequence[str | None], hypotheses: Sequence[str | None]) -> ErrorRate:
    """Character error rate: as `wer`, with characters, the spaces between words among them."""
    return _rate(references, hypotheses, "characters")


def _rate(
    references: Sequence[str | None], hypotheses: Sequence[str | None], unit: Literal["words", "characters"]
) -> ErrorRate:
    if len(references) != len(hypotheses):
        raise MetricError(
            f"As many hypotheses as references were expected, but {len(hypotheses)} and {len(references)} came."
        )
    table = np.full((len(references), 4), np.nan)
    for row, (said, heard) in enumerate(zip(references, hypotheses, strict=True)):
        if heard is not None and (reference := normalised(said or "")):
            table[row] = _edits(reference, normalised(heard), unit)
    substitutions, deletions, insertions, total = (int(number) for number in np.nansum(table, 0))
    value = (substitutions + deletions + insertions) / total if total else float("nan")
    left_out = _left_out(references, hypotheses)
    return ErrorRate(
        value, substitutions, deletions, insertions, total, table[:, :3].sum(1), table[:, 3], left_out
    )  # fmt: skip


def _edits(reference: str, hypothesis: str, unit: Literal["words", "characters"]) -> tuple[int, int, int, int]:
    """Substitutions, deletions, insertions, and how many words or characters the reference has."""
    import jiwer

    compare = jiwer.process_words if unit == "words" else jiwer.process_characters
    found = compare(reference, hypothesis)
    length = found.hits + found.substitutions + found.deletions
    return found.substitutions, found.deletions, found.insertions, length


def _left_out(references: Sequence[str | None], hypotheses: Sequence[str | None]) -> str:
    without = sum(not normalised(text or "") for text in references)
    unheard = sum(text is None for text in hypotheses)
    said = [f"{without} of {len(references)} utterances have no reference."] if without else []
    return " ".join([*said, *([f"{unheard} of {len(hypotheses)} were not transcribed."] if unheard else [])])
