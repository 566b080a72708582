"""What a person takes home from a comparison: sounds as 16-bit WAV, one JSON with everything else, and a table."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from web.vault import Vault

README = """Results of one comparison made with VoiceVeil {version}.

*.wav            the sounds, 16-bit PCM, as delivered by each system (not level-matched)
comparison.json  every parameter, seed, version and number
table.csv        the numbers, one row a system

What machines heard (who speaks, which words, which emotion) is in both, if the download came after it was there.
"hearing" in comparison.json names the machines; "marks" are [kind, word said, word heard].

These files hold a voice. An anonymized voice is not an anonymous one: who attacks with what decides how much is hidden.
"""


def safe_name(text: str) -> str:
    """`text` as a file name of letters, digits, dot, dash and underscore, at most 60 long; "" if nothing is left."""
    return re.sub(r"[^A-Za-z0-9._-]+", "", text).strip(".")[:60]


def keep(vault: Vault, report: Mapping[str, Any], sounds: Mapping[str, str], token: str | None = None) -> str:
    """Keep what a ZIP will be made of: the report, and the vault token of each system's sound; returns its token."""
    return vault.put(json.dumps({"report": report, "sounds": sounds}).encode(), token)


def kept(vault: Vault, token: str) -> tuple[dict[str, Any], dict[str, str]] | None:
    """The report and sounds that were kept, or None when their time is over."""
    data = vault.get(token)
    if data is None or not data.startswith(b'{"report"'):
        return None
    both = json.loads(data)
    return both["report"], both["sounds"]


def zipped(vault: Vault, token: str) -> bytes | None:
    """The ZIP of a comparison, or None when its time is over."""
    both = kept(vault, token)
    if both is None:
        return None
    report, sounds = both
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(version=report["versions"]["voiceveil"]))
        archive.writestr("comparison.json", json.dumps(report, indent=1, ensure_ascii=False))
        archive.writestr("table.csv", as_csv(report["systems"]))
        for number, (key, sound) in enumerate(sounds.items()):
            if (data := vault.get(sound)) is not None:
                archive.writestr(f"{number:02}_{safe_name(key)}.wav", data)
    return buffer.getvalue()


def as_csv(systems: Sequence[Mapping[str, Any]]) -> str:
    """One row a system: who it is, every score as "name [unit]", and what machines heard."""
    fields = ["system", "fidelity", "seed", "level", "duration_s", "real_time_factor", "error"]
    rows, columns = [], list(fields)
    for system in systems:
        scores = {f"{name} [{score['unit']}]": score["value"] for name, score in system.get("scores", {}).items()}
        scores |= _heard(system.get("hearing", {}))
        columns += [name for name in scores if name not in columns]
        rows.append({**{field: system.get(field, "") for field in fields}, **scores})
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _heard(hearing: Mapping[str, Any]) -> dict[str, Any]:
    """What machines heard of a system, as columns."""
    alike, words, emotion = (hearing.get(kind, {}) for kind in ("speaker", "words", "emotion"))
    found = {
        "speaker_cosine [1]": alike.get("cosine"),
        "more_alike_than_pairs_of_two_people [1]": alike.get("above_different"),
        "more_alike_than_pairs_of_one_person [1]": alike.get("above_same"),
        "wer [1]": words.get("wer"),
        "transcript": words.get("text"),
        **{f"{name} [1]": share for name, share in emotion.get("probabilities", {}).items()},
    }
    return {name: value for name, value in found.items() if value is not None}
