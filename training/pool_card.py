"""The card of the speaker pool: of whose voices it is made, under which licences, and what its rules give away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anonymizers.pool import Pool
from anonymizers.pseudo_speaker import PUBLISHED_CANDIDATES, REGION, WORLD
from training import cards
from training.common import Utterance


def made(
    pool: Pool, used: Sequence[Utterance], clips: Mapping[str, int], making: Mapping[str, Any], note: str
) -> dict[str, Any]:
    """What is known when the pool is made; JSON-ready. `used`: whose mean it is; `clips`: speaker to clips heard."""
    women, men = pool.of_sex("F"), pool.of_sex("M")
    return {
        "model": "House speaker pool",
        "contents": "one vector of the house speaker encoder a speaker, with sex, median F0 and its deviation",
        "speakers": len(pool),
        "speakers_by_sex": {"F": len(women), "M": len(men)},
        "vector_size": int(pool.vectors.shape[1]),
        "training_speakers": list(pool.speakers),
        "clips_of_speaker": {name: clips[name] for name in pool.speakers},
        "training_hours": round(sum(utterance.duration_s for utterance in used) / 3600, 2),
        "training_data": cards.data(used),
        "corpus_of_speaker": {utterance.speaker: utterance.corpus for utterance in used},
        "median_f0_hz": {"F": _middle(women.median_f0_hz), "M": _middle(men.median_f0_hz)},
        "f0_deviation_semitones": {
            "F": _middle(women.f0_deviation_semitones),
            "M": _middle(men.f0_deviation_semitones),
        },
        "note": note,
        **making,
    }


def _middle(values: Any) -> float | None:
    """The median of what is known, None if nothing is."""
    known = np.asarray(values)[~np.isnan(values)]
    return round(float(np.median(known)), 2) if len(known) else None


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    parts = [_opening(card), _contents(card), _people(card)]
    if "rules" in card:
        parts.append(f"## What choosing gives away\n\n{card['protocol']}\n\n{figures_table(card)}")
        parts.append(f"## Sex guessed from one utterance\n\n{_sex_table(card)}")
        parts.append(cards.table(card["test_data"], {"corpus": "Test data", "clips": "Clips", "speakers": "Speakers"}))
    parts.append(_ending(card))
    return "\n\n".join(parts) + "\n"


def _opening(card: Mapping[str, Any]) -> str:
    sexes = card["speakers_by_sex"]
    return (
        f"# {card['model']}\n\n"
        f"The voices of {card['speakers']} people ({sexes['F']} women, {sexes['M']} men), each as "
        f"{card['vector_size']} numbers of the house speaker encoder, from which pseudo-speakers are mixed "
        "(`anonymizers/pseudo_speaker.py`). No sound and no words are in it."
    )


def _contents(card: Mapping[str, Any]) -> str:
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    single = sum(count == 1 for count in card["clips_of_speaker"].values())
    pitch, melody = card["median_f0_hz"], card["f0_deviation_semitones"]
    text = (
        f"## Whose voices\n\n{cards.table(card['training_data'], columns)}\n\n"
        f"{card['training_hours']:g} h. A speaker's vector is the mean of those of their clips ({single} speakers have "
        "one clip only), at unit length, in half precision; F0 by `anonymizers/pitch.py`. Median F0 of the median "
        f"speaker: {pitch['F']} Hz (women), {pitch['M']} Hz (men); deviation {melody['F']} and {melody['M']} "
        "semitones. "
        "Speakers of unknown sex are left out, and so is everybody of whom there is test data.\n\n"
        f"Recipe: `python -m training speaker-pool`, commit {card['commit'] or 'unknown'}; encoder "
        f"{card['encoder_sha256']['speaker_encoder.onnx'][:12]}."
    )
    return f"{text}\n\n{card['note']}" if card["note"] else text


def _people(card: Mapping[str, Any]) -> str:
    corpora = Counter(card["corpus_of_speaker"].values())
    return (
        "## These are people\n\n"
        "Each vector is close to the voiceprint of a real person whose reading is in a public corpus; "
        "nobody asked them about this pool. Speakers are named as the corpora name them "
        f"({', '.join(f'{count} of {name}' for name, count in sorted(corpora.items()))}). The licences above go with "
        "the vectors: LibriSpeech (c) 2014 Vassil Panayotov, CC BY 4.0 (Panayotov et al., ICASSP 2015), changed here "
        "from sound to vectors; speechocean762, Zhang et al., Interspeech 2021; CMU ARCTIC, Kominek and Black, 2004; "
        "Kerstin and Nathalie, rhasspy, CC0.\n\n"
        "It must not be used to recognise, find or imitate any of these people, nor as evidence of who speaks. A "
        "pseudo-speaker made of one of them (rules `random one`, `farthest`, `nearest`, `fixed`) resembles that "
        "person; one made by `random mix` or `selec-anon` less so."
    )


def figures_table(card: Mapping[str, Any]) -> str:
    """Every rule's distance and EER."""
    rows = [
        {
            "rule": name,
            "distance": f"{figure['distance_to_source']:.2f}",
            "eer": cards.percent(figure["eer"]),
            "interval": " – ".join(cards.percent(end) for end in figure["interval_95"]),
        }
        for name, figure in card["rules"].items()
    ]
    headings = {
        "rule": "Rule",
        "distance": "Mean cosine distance to the source",
        "eer": "EER of the vectors",
        "interval": "95 % interval",
    }
    return cards.table(rows, headings)


def _sex_table(card: Mapping[str, Any]) -> str:
    rows = [
        {"by": by, "part": part, "share": cards.percent(found["share"]), "utterances": found["utterances"],
         "interval": " – ".join(cards.percent(end) for end in found["interval_95"])}
        for by, parts in card["sex_guessed"].items()
        for part, found in parts.items()
    ]  # fmt: skip
    headings = {"by": "Guessed from", "part": "Of", "share": "Right", "interval": "95 % interval"}
    return cards.table(rows, {**headings, "utterances": "Utterances"})


def _ending(card: Mapping[str, Any]) -> str:
    files = "\n".join(f"- `{name}`: {digest}" for name, digest in card["sha256"].items())
    return (
        "## Limits\n\n"
        f"Few speakers, nearly all of them reading English: selec-anon's {REGION} of {WORLD} out of "
        f"{PUBLISHED_CANDIDATES} of one sex are scaled down in proportion. The speakers of speechocean762 have "
        "Mandarin as their first language. A pseudo-speaker hides nothing by itself: what a system lets through of "
        "the source is not judged here.\n\n"
        f"## SHA-256\n\n{files}"
    )
