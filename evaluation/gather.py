"""From the facts of single recordings to the tables that everything else reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.job import Job, Places
from evaluation.recognisers.base import CORE_EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

Facts = dict[str, Any]
Done = list[tuple[Job, Facts]]
MEASURES = ("centroid_hz", "kurtosis", "loudness_lufs", "f0_hz", "rho_f0", "dnsmos_ovrl", "dnsmos_p808")
NAN = float("nan")


def gather(jobs: Sequence[Job], out: Path) -> dict[str, pd.DataFrame]:
    """Write OUT/tables/{files,transcripts,emotions}.parquet, OUT/embeddings/<attacker>.parquet and OUT/timings.parquet
    from what the jobs left there, and return the first three. The order of jobs plays no part.

    Raises:
        OSError: if they cannot be written.
    """
    import pandas as pd

    from evaluation import summary

    done = read(jobs, out)
    rows = {"files": _files(done), "transcripts": _transcripts(done), "emotions": _emotions(done)}
    tables = {name: summary.conformed(name, [pd.DataFrame(list(every))]) for name, every in rows.items()}
    summary.write(tables, out)
    _write_embeddings(done, out)
    timings = [{**_named(job), "stage": name, "seconds": value} for job, facts in done
               for name, value in facts.get("seconds", {}).items()]  # fmt: skip
    _write(pd.DataFrame(timings, columns=["system", "side", "utterance", "stage", "seconds"]), out / "timings.parquet")
    return tables


def read(jobs: Sequence[Job], out: Path) -> Done:
    """The facts of those jobs that came to an end, by system, side and utterance."""
    ordered = sorted(jobs, key=lambda job: (job.system, job.side, job.utterance.key))
    return [(job, facts) for job in ordered if (facts := Places(out, job).read()) is not None]


def _named(job: Job) -> dict[str, str]:
    return {"system": job.system, "side": job.side, "utterance": job.utterance.key}


def _files(done: Done) -> Iterator[dict[str, Any]]:
    for job, facts in done:
        one, measures = job.utterance, facts.get("measures", {})
        faults = [f"{key}: {said}" for key, said in sorted(facts.get("faults", {}).items())]
        yield {
            **_named(job),
            **{name: getattr(one, name) for name in ("speaker", "sex", "session", "emotion", "corpus", "language")},
            "duration_s": facts.get("duration_s", NAN),
            "state": facts["state"],
            "error": " ".join([facts["error"], *faults]).strip(),
            "pseudo_speaker": json.dumps(facts.get("pseudo_speaker", {}), sort_keys=True),
            **{name: NAN if measures.get(name) is None else measures[name] for name in MEASURES},
        }


def _transcripts(done: Done) -> Iterator[dict[str, Any]]:
    """Against what was said where that is known, else against the same recogniser's words of the original."""
    from evaluation.metrics.words import normalised, word_errors

    own = {(job.utterance.key, key): words for job, facts in done if job.system == "original" and job.side == "trial"
           for key, words in facts.get("heard", {}).items()}  # fmt: skip
    for job, facts in done:
        one = job.utterance
        for key, words in sorted(facts.get("heard", {}).items()):
            said = normalised(one.transcript)
            reference = said or normalised(own.get((one.key, key), ""))
            errors = [error for error in word_errors(reference, words) if error.kind != "equal"]
            yield {
                "system": job.system,
                "utterance": one.key,
                "speaker": one.speaker,
                "recogniser": key,
                "reference": reference,
                "against": "transcript" if said else "own original",
                "heard": normalised(words),
                "errors": len(errors),
                "words": len(reference.split()),
            }


def _emotions(done: Done) -> Iterator[dict[str, Any]]:
    for job, facts in done:
        for key, shares in sorted(facts.get("emotions", {}).items()):
            yield {
                "system": job.system,
                "utterance": job.utterance.key,
                "speaker": job.utterance.speaker,
                "recogniser": key,
                "truth": job.utterance.emotion,
                "said": max(CORE_EMOTIONS, key=lambda emotion: shares[emotion]),
                **{emotion: shares[emotion] for emotion in CORE_EMOTIONS},
            }


def _write_embeddings(done: Done, out: Path) -> None:
    """A file an attacker; those of attackers that are not asked any more go."""
    import pandas as pd

    rows: dict[str, list[dict[str, Any]]] = {}
    for job, facts in done:
        if facts["state"] != "done":
            continue
        with np.load(BytesIO(Places(out, job).embeddings.read_bytes()), allow_pickle=False) as stored:
            for key in stored.files:
                rows.setdefault(key, []).append({**_named(job), "vector": stored[key]})
    folder = out / "embeddings"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.parquet"):
        if path.stem not in rows:
            path.unlink()
    for key, own in rows.items():
        _write(pd.DataFrame(own), folder / f"{key}.parquet")


def _write(frame: pd.DataFrame, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    frame.to_parquet(part, index=False, compression="zstd", engine="pyarrow", store_schema=False)
    part.replace(path)
