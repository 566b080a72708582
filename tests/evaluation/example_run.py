"""A whole run folder with simulated numbers, for tests of what reads runs: they say nothing of any system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation import summary
from evaluation.metrics import curves
from evaluation.run_tables import TABLES

SYSTEMS = ("original", "mcadams", "pitch-formant", "cascade-offline")
SEPARATION = {"original": 3.4, "mcadams": 2.0, "pitch-formant": 1.2, "cascade-offline": 0.25}
"""Distance of targets from nontargets in standard deviations, for the best attacker."""
STRENGTH = {"text": 0.4, "mfcc": 0.6, "house": 1.0}
"""Of attackers; who reads the words alone attacks originals, since words stay as they are."""
KNOWS = {"ignorant": 0.25, "lazy-informed": 0.7, "semi-informed": 1.0}
UNTRAINED = ("cascade-offline", "mfcc", "semi-informed")
"""There are not enough speakers for this attacker to learn from."""
EMOTIONS = ("angry", "happy", "neutral", "sad")
SHIFT = {"angry": 0.25, "happy": 0.12, "neutral": 0.0, "sad": -0.2}
KEPT = {"original": 0.9, "mcadams": 0.6, "pitch-formant": 0.75, "cascade-offline": 0.3}
WER = {"original": 0.2, "mcadams": 0.4, "pitch-formant": 0.45, "cascade-offline": 0.25}
PROTOCOL, TITLE = "single", "single-utterance enrolment, same-sex trials"
READ, ACTED = "LibriSpeech", "EmoDB"
CORPUS = {READ: "LibriSpeech dev-clean", ACTED: "EmoDB"}
"""As files name the data set, with its part."""


def write(folder: Path, *, seed: int = 0, speakers: int = 8, utterances: int = 12) -> Path:
    """Write a run into `folder` and return it. Speakers: half women, half men, `utterances` each on each data set."""
    summary.write(tables(seed=seed, speakers=speakers, utterances=utterances), folder)
    text = json.dumps(provenance(), indent=1)
    (folder / "provenance.json").write_text(text, encoding="utf-8")
    return folder


def provenance() -> dict[str, Any]:
    return {
        "voiceveil": "0.1.0",
        "command": {"data": "/somebody/secret/place/EmoDB", "systems": list(SYSTEMS), "seed": 0},
        "recognisers": {"house": {"fidelity": "house-weights"}},
    }


def tables(*, seed: int = 0, speakers: int = 8, utterances: int = 12) -> dict[str, pd.DataFrame]:
    """Every table of a run, all columns."""
    return {name: table.copy() for name, table in _tables(seed, speakers, utterances).items()}


@cache
def _tables(seed: int, speakers: int, utterances: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    people = [(f"spk-{number:02}", "FM"[number % 2]) for number in range(speakers)]
    files = pd.DataFrame(_files(people, utterances, rng))
    figures, by_speaker, curve, trust = _privacy(people, rng)
    emotions = pd.DataFrame(_emotions(files, rng))
    found: dict[str, Any] = {
        "files": files,
        "transcripts": pd.DataFrame(_transcripts(files, rng)),
        "emotions": emotions,
        "speakers": pd.DataFrame(by_speaker),
        "curves": pd.DataFrame(curve),
        "trust": pd.DataFrame(trust),
        "confusion": pd.DataFrame([*_confusion(emotions), *_gender_confusion()]),
    }
    figures += [*_attributes(), *_words(found["transcripts"]), *_recognised(emotions), *_sounds(files)]
    found["figures"] = pd.DataFrame(figures)
    return {name: summary.conformed(name, [found[name]]) for name in TABLES}


def _files(people: list[tuple[str, str]], utterances: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for corpus, acted in ((READ, False), (ACTED, True)):
        for number, (speaker, sex) in enumerate(people):
            for take in range(utterances):
                emotion = EMOTIONS[take % 4] if acted else ""
                base = rng.normal(0, 0.15)
                for place, system in enumerate(SYSTEMS):
                    up = base + 0.1 * place + KEPT[system] * SHIFT.get(emotion, 0.0)
                    own = {} if system == "original" else {"rho_f0": float(np.tanh(rng.normal(1.5 - 0.3 * place, 0.3)))}
                    yield {
                        "system": system, "side": "trial", "utterance": f"{corpus}-{speaker}-{take:02}",
                        "speaker": speaker, "sex": sex, "session": f"s{take % 2}", "emotion": emotion,
                        "corpus": CORPUS[corpus], "language": "de" if acted else "en", "duration_s": 3.0,
                        "state": "done",
                        "error": "", "pseudo_speaker": json.dumps({"seed": number}),
                        "centroid_hz": 1300 * 2**up, "kurtosis": 6 * 2 ** (2 * up),
                        "loudness_lufs": -24 + 6 * up, "f0_hz": 150 * 2**up, "rho_f0": np.nan,
                        "dnsmos_ovrl": 3.2 - 0.2 * place + rng.normal(0, 0.1),
                        "dnsmos_p808": 3.5 - 0.2 * place + rng.normal(0, 0.1), **own,
                    }  # fmt: skip


def _about(**cells: Any) -> dict[str, Any]:
    """A row of figures that nobody attacks, with `half` the width of its interval."""
    half = cells.pop("half", 0.05)
    value = cells["value"]
    ends = {"low": value - half, "high": value + half}
    if cells["unit"] == "share":
        ends = {name: float(np.clip(end, 0, 1)) for name, end in ends.items()}
    blank = {
        "level": "utterance", "attacker": "", "attack": "", "protocol": "", "split": "dev", "sex": "all", "group": "",
        "speakers": 8, "utterances": 96, "trials": 0, "targets": 0, "note": "",
    }  # fmt: skip
    return {**blank, **ends, **cells}


def _privacy(people: list[tuple[str, str]], rng: np.random.Generator) -> tuple[list[dict[str, Any]], ...]:
    figures: list[dict[str, Any]] = []
    by_speaker: list[dict[str, Any]] = []
    curve: list[dict[str, Any]] = []
    trust: list[dict[str, Any]] = []
    for system in SYSTEMS:
        for attacker, strength in STRENGTH.items():
            if attacker == "text" and system != "original":
                continue
            for attack, knows in {"unprotected": 1.0}.items() if system == "original" else KNOWS.items():
                distance = SEPARATION[system] * strength * knows
                named = {"system": system, "attacker": attacker, "attack": attack, "protocol": PROTOCOL}
                scores = [(rng.normal(distance, 1, 30), rng.normal(0, 1, 60)) for _ in people]
                own = _speakers(named, people, scores)
                targets, others = (np.concatenate(side) for side in zip(*scores, strict=True))
                if tuple(named.values())[:3] == UNTRAINED:
                    figures.append(_unknown(named))
                    continue
                figures += _attacked(named, own, targets, others, people)
                by_speaker += own
                curve += _curve(named, targets, others)
                trust.append(_trusted(named, curves.eer(targets, others)))
    return figures, by_speaker, curve, trust


def _speakers(named: dict[str, Any], people: Any, scores: Any) -> list[dict[str, Any]]:
    eers = [curves.eer(*both) for both in scores]
    worst = int(np.argmin(np.minimum(eers, 0.5)))
    return [
        {**named, "speaker": speaker, "sex": sex, "eer": eer, "clipped_eer": min(eer, 0.5), "rank": 1 + 8 * eer,
         "targets": 30, "nontargets": 60, "worst": number == worst, "note": ""}
        for number, ((speaker, sex), eer) in enumerate(zip(people, eers, strict=True))
    ]  # fmt: skip


def _attacked(
    named: dict[str, Any], own: list[dict[str, Any]], targets: Any, others: Any, people: Any
) -> list[dict[str, Any]]:
    worst = next(one for one in own if one["worst"])
    counted = {"trials": len(targets) + len(others), "targets": len(targets), "speakers": len(people)}
    cells = {
        **named, **counted, "kind": "privacy", "unit": "share", "data": READ, "better": "higher",
        "about": f"{named['attacker']} attacker, {named['attack']}; {TITLE}; {READ}, dev",
    }  # fmt: skip
    eer = curves.eer(targets, others)
    return [
        _about(metric="EER", value=eer, **cells),
        _about(metric="EER", value=min(1.0, eer + 0.01), **{**cells, "sex": "F", "speakers": len(people) // 2}),
        _about(metric="EER", value=max(0.0, eer - 0.01), **{**cells, "sex": "M", "speakers": len(people) // 2}),
        _about(metric="mean speaker EER", value=float(np.mean([one["clipped_eer"] for one in own])), **cells),
        _about(metric="worst speaker EER", value=worst["clipped_eer"], group=worst["speaker"], **cells),
        _about(metric="D_sys", value=max(0.0, 1 - 2 * eer), **{**cells, "better": "lower"}),
        _about(metric="CMR@1", value=max(0.0, 0.9 - eer), **{**cells, "better": "lower"}),
    ]


def _unknown(named: dict[str, Any]) -> dict[str, Any]:
    return _about(
        **named, metric="EER", value=np.nan, kind="privacy", unit="share", data=READ, better="higher", speakers=0,
        about=f"{named['attacker']} attacker, {named['attack']}; {TITLE}; {READ}, dev", utterances=0,
        note="At least 6 speakers were expected, but 5 came: give speech of other speakers.",
    )  # fmt: skip


def _curve(named: dict[str, Any], targets: Any, others: Any) -> list[dict[str, Any]]:
    found = curves.roc(targets, others)
    return [
        {**named, "sex": "all", "threshold": level, "false_alarm_rate": alarm, "miss_rate": 1 - hit}
        for level, alarm, hit in zip(found.thresholds, found.false_alarm_rates, found.hit_rates, strict=True)
    ]


def _trusted(named: dict[str, Any], eer: float) -> dict[str, Any]:
    verdict = {"house": "trusted", "text": "trusted", "mfcc": "doubtful"}[named["attacker"]]
    if (named["attacker"], named["attack"]) == ("mfcc", "ignorant"):
        verdict = "not to be trusted"
    why = "" if verdict == "trusted" else "The attacker is weak on originals."
    return {
        **named, "verdict": verdict, "why": why, "eer_originals": 0.05, "eer_told": 0.1, "eer": eer, "best_other": 0.2,
    }  # fmt: skip


def _transcripts(files: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for row in files[files["corpus"] == CORPUS[READ]].to_dict("records"):
        wrong = int(rng.binomial(10, WER[row["system"]]))
        heard = ["word"] * (10 - wrong) + ["other"] * wrong
        yield {
            "system": row["system"], "utterance": row["utterance"], "speaker": row["speaker"],
            "recogniser": "pocketsphinx", "reference": " ".join(["word"] * 10), "against": "transcript",
            "heard": " ".join(heard), "errors": wrong, "words": 10,
        }  # fmt: skip


def _words(transcripts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for system, own in transcripts.groupby("system", sort=False):
        wer = float(own["errors"].sum() / own["words"].sum())
        for metric, value in (("WER", wer), ("CER", wer / 2)):
            yield _about(
                system=system, metric=metric, kind="intelligibility", unit="share", value=value, better="lower",
                attacker="pocketsphinx", about=f"pocketsphinx, against what was said; {READ}", data=READ,
            )  # fmt: skip


def _emotions(files: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for row in files[files["emotion"] != ""].to_dict("records"):
        right = EMOTIONS.index(row["emotion"])
        chance = np.full(4, (1 - KEPT[row["system"]]) / 4)
        chance[right] += KEPT[row["system"]]
        given = rng.dirichlet(1 + 8 * chance)
        yield {
            "system": row["system"], "utterance": row["utterance"], "speaker": row["speaker"],
            "recogniser": "house-emotion", "truth": row["emotion"], "said": EMOTIONS[int(np.argmax(given))],
            **dict(zip(EMOTIONS, given.tolist(), strict=True)),
        }  # fmt: skip


def _recognised(emotions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for system, own in emotions.groupby("system", sort=False):
        cells = {
            "system": system, "kind": "emotion", "unit": "share", "attacker": "house-emotion", "data": ACTED,
            "about": f"house-emotion, trained on original speech; four acted emotions of {ACTED}",
        }  # fmt: skip
        right = own["said"] == own["truth"]
        recalls = {one: float(right[own["truth"] == one].mean()) for one in EMOTIONS}
        yield _about(metric="UAR", value=float(np.mean(list(recalls.values()))), better="higher", **cells)
        for emotion in EMOTIONS:
            yield _about(metric="recall", value=recalls[emotion], group=emotion, better="higher", **cells)
        for emotion in EMOTIONS:
            share = float((own["said"] == emotion).mean())
            yield _about(metric="share of predictions", value=share, group=emotion, better="", **cells)


def _confusion(emotions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for system, own in emotions.groupby("system", sort=False):
        for truth in EMOTIONS:
            for said in EMOTIONS:
                of = own[own["truth"] == truth]
                count = int((of["said"] == said).sum())
                yield {
                    "system": system, "recogniser": "house-emotion", "attack": "fixed", "what": "emotion",
                    "truth": truth, "said": said, "count": count, "share": count / len(of),
                }  # fmt: skip


def _gender_confusion() -> Iterator[dict[str, Any]]:
    for system, right in (("original", 45), ("pitch-formant", 30)):
        for truth, said in ((a, b) for a in "FM" for b in "FM"):
            count = right if truth == said else 48 - right
            yield {
                "system": system, "recogniser": "house", "attack": "retrained", "what": "gender", "truth": truth,
                "said": said, "count": count, "share": count / 48,
            }  # fmt: skip


def _attributes() -> Iterator[dict[str, Any]]:
    for system, fixed, retrained in (("original", 0.95, 0.96), ("pitch-formant", 0.55, 0.8)):
        for attack, value in (("fixed", fixed), ("retrained", retrained)):
            yield _about(
                system=system, metric="UAR", kind="attribute", unit="share", value=value, better="lower",
                attacker="house", attack=attack, about=f"gender by house, {attack}; {READ}", data=READ, group="gender",
            )  # fmt: skip


def _sounds(files: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for (system, name), own in files.groupby(["system", "corpus"], sort=False):
        corpus = next(data for data, named in CORPUS.items() if named == name)
        for metric, column, kind in (
            ("rho_F0", "rho_f0", "prosody"), ("DNSMOS OVRL", "dnsmos_ovrl", "quality"),
            ("DNSMOS P808", "dnsmos_p808", "quality"),
        ):  # fmt: skip
            if own[column].notna().any():
                unit = "1" if kind == "prosody" else "MOS"
                yield _about(
                    system=system, metric=metric, kind=kind, unit=unit, value=float(own[column].mean()),
                    better="higher", about=f"{metric}; {corpus}", data=corpus,
                )  # fmt: skip
        for emotion in ["", *sorted(set(own["emotion"]) - {""})]:
            part = own[own["emotion"] == emotion] if emotion else own
            for metric, column, unit in (
                ("centroid", "centroid_hz", "Hz"), ("kurtosis", "kurtosis", "1"), ("loudness", "loudness_lufs", "LUFS"),
                ("F0", "f0_hz", "Hz"),
            ):  # fmt: skip
                middle = float(part[column].median())
                yield _about(
                    system=system, metric=metric, kind="acoustics", unit=unit, value=middle, better="",
                    half=abs(middle) / 20, group=emotion, about=f"median {metric}; {corpus}", data=corpus,
                    utterances=len(part),
                )  # fmt: skip
