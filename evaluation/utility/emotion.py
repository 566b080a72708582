"""Is the emotion still there? What an emotion recogniser takes acted emotions for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from evaluation.metrics import recognition
from evaluation.metrics.bootstrap import mean_interval
from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.utility.rows import Draws, by_sex, groups, joined, row

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.heard import About


def rows(emotions: pd.DataFrame, files: pd.DataFrame, about: About, draws: Draws) -> Iterator[dict[str, Any]]:
    """UAR with every recall and every class's share of the predictions: a UAR alone hides that sad became angry."""
    for (system, recogniser, data), part in groups(_judged(emotions, files), "system", "recogniser", "data"):
        for sex, used in by_sex(part):
            cells = {
                "system": system, "kind": "emotion", "unit": "share", "attacker": recogniser, "data": data,
                "sex": sex, "about": f"{recogniser}, trained on original speech; four acted emotions of {data}",
            }  # fmt: skip
            yield from _figures(used, about, cells, draws)


def _figures(used: pd.DataFrame, about: About, cells: dict[str, Any], draws: Draws) -> Iterator[dict[str, Any]]:
    truth, said, speakers = (used[name].tolist() for name in ("truth", "said", "speaker"))
    uar = recognition.uar_interval(truth, said, speakers, **draws.how)
    yield row(about, uar, used, metric="UAR", better="higher", **cells)
    for emotion, recall in recognition.recall_intervals(truth, said, speakers, **draws.how).items():
        of = used[used["truth"] == emotion]
        yield row(about, recall, of, metric="recall", group=emotion, better="higher", **cells)
    for emotion in CORE_EMOTIONS:
        share = mean_interval(used["said"] == emotion, speakers, scale="logit", **draws.how)
        yield row(about, share, used, metric="share of predictions", group=emotion, better="", **cells)


def confusion_rows(emotions: pd.DataFrame, files: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """What each acted emotion was taken for, over all data sets with acted emotions together."""
    for (system, recogniser), part in groups(_judged(emotions, files), "system", "recogniser"):
        found = recognition.confusion(part["truth"].tolist(), part["said"].tolist(), CORE_EMOTIONS)
        for i, truth in enumerate(found.classes):
            for j, said in enumerate(found.classes):
                yield {
                    "system": system, "recogniser": recogniser, "attack": "fixed", "what": "emotion",
                    "truth": truth, "said": said, "count": int(found.counts[i, j]), "share": found.shares[i, j],
                }  # fmt: skip


def _judged(emotions: pd.DataFrame, files: pd.DataFrame) -> pd.DataFrame:
    """Answers on utterances whose acted emotion is one of the four that recognisers know."""
    return joined(emotions[emotions["truth"].isin(CORE_EMOTIONS)], files)
