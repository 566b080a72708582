"""What the person who runs the app decides, from environment variables; everything else is decided in code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(ValueError):
    """A setting that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Settings:
    """Settings of the app; the names in brackets are the environment variables.

    Attributes:
        host, port: where it listens [HOST, PORT].
        public_url: the address people see, when a proxy stands in front [PUBLIC_URL], "" otherwise.
        root_path: the path below that address [ROOT_PATH].
        offline: never use the network [VOICEVEIL_OFFLINE].
        data_dir: where fetched examples are kept [VOICEVEIL_DATA].
        max_clip_s: longest clip the page takes, in s [VOICEVEIL_MAX_CLIP_S].
        max_upload_mb: largest upload, in MB [VOICEVEIL_MAX_UPLOAD_MB].
        workers: processes that anonymize and measure [VOICEVEIL_WORKERS].
        keep_s: how long uploads and results live, in s, at most an hour [VOICEVEIL_KEEP_S].
    """

    host: str = "127.0.0.1"
    port: int = 7860
    public_url: str = ""
    root_path: str = ""
    offline: bool = False
    data_dir: Path = Path("data")
    max_clip_s: float = 120.0
    max_upload_mb: float = 50.0
    workers: int = 2
    keep_s: float = 3000.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Settings from environment variables, the defaults where there are none.

        Raises:
            SettingsError: if one does not fit.
        """
        settings = cls(
            host=environment.get("HOST", cls.host),
            port=int(_number(environment, "PORT", cls.port, 0, 65_535)),
            public_url=environment.get("PUBLIC_URL", "").rstrip("/"),
            root_path=environment.get("ROOT_PATH", "").rstrip("/"),
            offline=environment.get("VOICEVEIL_OFFLINE", "").lower() in {"1", "true", "yes", "on"},
            data_dir=Path(environment.get("VOICEVEIL_DATA", cls.data_dir)),
            max_clip_s=_number(environment, "VOICEVEIL_MAX_CLIP_S", cls.max_clip_s, 1, 3600),
            max_upload_mb=_number(environment, "VOICEVEIL_MAX_UPLOAD_MB", cls.max_upload_mb, 0.1, 2000),
            workers=int(_number(environment, "VOICEVEIL_WORKERS", cls.workers, 1, 256)),
            keep_s=_number(environment, "VOICEVEIL_KEEP_S", cls.keep_s, 60, 3600),
        )
        return settings


def _number(environment: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environment.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise SettingsError(f"{name} is a number from {low:g} to {high:g}, but {text!r} came.")
    return value
