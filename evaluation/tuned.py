"""What tuned networks heard in a run: OUT/tuned/<attacker>/<system>.parquet, and in .json how they came about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.batch import write_whole

FOLDER, ORIGINAL = "tuned", "original"


def folder(out: Path, attacker: str) -> Path:
    """Where those of an attacker lie."""
    return out / FOLDER / attacker


def write(
    out: Path, attacker: str, system: str, parts: Mapping[str, Mapping[str, npt.NDArray[np.float32]]], facts: Any
) -> None:
    """Keep embeddings by side and utterance, (d,) each; the facts last, which say that they are there.

    Raises:
        OSError: if they cannot be written.
    """
    import pandas as pd

    home = folder(out, attacker)
    home.mkdir(parents=True, exist_ok=True)
    rows = [
        {"side": side, "utterance": key, "vector": own[key]}
        for side, own in sorted(parts.items())
        for key in sorted(own)
    ]
    (home / f"{system}.json").unlink(missing_ok=True)
    path = home / f"{system}.parquet"
    part = path.with_name(path.name + ".part")
    frame = pd.DataFrame(rows, columns=["side", "utterance", "vector"])
    frame.to_parquet(part, index=False, compression="zstd", engine="pyarrow", store_schema=False)
    part.replace(path)
    write_whole(home / f"{system}.json", (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())


def read(out: Path) -> Iterator[tuple[tuple[str, str], Any, Any]]:
    """Attacker and system, the table of embeddings, and the facts, of all that are whole.

    Raises:
        OSError, ValueError: if a file cannot be read.
    """
    import pandas as pd

    for path in sorted((out / FOLDER).glob("*/*.json")):
        table = pd.read_parquet(path.with_suffix(".parquet"))
        yield (path.parent.name, path.stem), table, json.loads(path.read_bytes())
