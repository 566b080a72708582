"""What the person who runs the app decides, from environment variables; everything else is decided in code."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anonymizers import devices
from anonymizers.base import AnonymizerError

ADMIN_PASSWORD_MIN_CHARS = 8
ANYONE, OWNER = "anyone", "owner"


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
        data_dir: where fetched examples, the voices of studies and the database are kept [VOICEVEIL_DATA].
        max_clip_s: longest clip the page takes, in s [VOICEVEIL_MAX_CLIP_S].
        max_upload_mb: largest upload, in MB [VOICEVEIL_MAX_UPLOAD_MB].
        workers: processes that anonymize and measure [VOICEVEIL_WORKERS].
        keep_s: how long uploads and results live, in s, at most an hour [VOICEVEIL_KEEP_S].
        database_url: where studies and answers are kept; "" for SQLite in data_dir [DATABASE_URL].
        admin_password: opens /admin; "" for one that is made and shown once [VOICEVEIL_ADMIN_PASSWORD].
        demo_study: whether the Listen page has a study to try [VOICEVEIL_DEMO_STUDY].
        showcase: the gallery's file [VOICEVEIL_SHOWCASE]; "" for showcase.yaml in data_dir, else the shipped one.
        evaluations: a folder of evaluation runs to show, beside the shipped ones [VOICEVEIL_EVALUATIONS]; "" for
            evaluations in data_dir.
        live_limit: how many may speak on the page Live at once [VOICEVEIL_LIVE_LIMIT]; 0 switches it off.
        downloads: who may accept licences of weights and have them fetched, "anyone" or "owner"
            [VOICEVEIL_DOWNLOADS]; "" for anyone while the app is for this machine alone, else the owner.

    Where networks run is read by the processes that run them [VOICEVEIL_DEVICE, VOICEVEIL_HALF,
    VOICEVEIL_MODEL_MEMORY_MB], and only checked here.
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
    database_url: str = field(default="", repr=False)
    admin_password: str = field(default="", repr=False)
    demo_study: bool = True
    showcase: str = ""
    evaluations: str = ""
    live_limit: int = 4
    downloads: str = ""

    @property
    def database(self) -> str:
        """The database's address for SQLAlchemy."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'voiceveil.db').resolve().as_posix()}"

    @property
    def evaluations_dir(self) -> Path:
        """The folder of evaluation runs that are not shipped."""
        return Path(self.evaluations) if self.evaluations else self.data_dir / "evaluations"

    @property
    def anyone_downloads(self) -> bool:
        """Whether everybody who opens the page may accept licences of weights and have them fetched."""
        if self.downloads:
            return self.downloads == ANYONE
        return not self.public_url and _is_this_machine(self.host)

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
            offline=_flag(environment, "VOICEVEIL_OFFLINE", cls.offline),
            data_dir=Path(environment.get("VOICEVEIL_DATA", cls.data_dir)),
            max_clip_s=_number(environment, "VOICEVEIL_MAX_CLIP_S", cls.max_clip_s, 1, 3600),
            max_upload_mb=_number(environment, "VOICEVEIL_MAX_UPLOAD_MB", cls.max_upload_mb, 0.1, 2000),
            workers=int(_number(environment, "VOICEVEIL_WORKERS", cls.workers, 1, 256)),
            keep_s=_number(environment, "VOICEVEIL_KEEP_S", cls.keep_s, 60, 3600),
            database_url=environment.get("DATABASE_URL", ""),
            admin_password=_password(environment, "VOICEVEIL_ADMIN_PASSWORD"),
            demo_study=_flag(environment, "VOICEVEIL_DEMO_STUDY", cls.demo_study),
            showcase=environment.get("VOICEVEIL_SHOWCASE", cls.showcase),
            evaluations=environment.get("VOICEVEIL_EVALUATIONS", cls.evaluations),
            live_limit=int(_number(environment, "VOICEVEIL_LIVE_LIMIT", cls.live_limit, 0, 256)),
            downloads=_choice(environment, "VOICEVEIL_DOWNLOADS", (ANYONE, OWNER)),
        )
        _check_networks(environment)
        return settings


def _check_networks(environment: Mapping[str, str]) -> None:
    try:
        devices.named(environment.get("VOICEVEIL_DEVICE", ""))
        devices.flag(environment.get("VOICEVEIL_HALF", ""))
        devices.megabytes(environment.get("VOICEVEIL_MODEL_MEMORY_MB", ""))
    except AnonymizerError as error:
        raise SettingsError(str(error)) from None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environment.get(name, "").strip().lower()
    if text and text not in choices:
        raise SettingsError(f"{name} is {' or '.join(choices)}, but {text!r} came.")
    return text


def _flag(environment: Mapping[str, str], name: str, default: bool) -> bool:
    text = environment.get(name, "")
    return text.lower() in {"1", "true", "yes", "on"} if text else default


def _password(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "")
    if text and len(text) < ADMIN_PASSWORD_MIN_CHARS:
        raise SettingsError(
            f"{name} is a password of at least {ADMIN_PASSWORD_MIN_CHARS} characters, but one of {len(text)} came."
        )
    return text


def _number(environment: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environment.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise SettingsError(f"{name} is a number from {low:g} to {high:g}, but {text!r} came.")
    return value
