"""Settings: defaults, and one sentence for what does not fit."""

from pathlib import Path

import pytest

from web.settings import Settings, SettingsError


def test_defaults_and_overrides() -> None:
    assert Settings.from_environment({}) == Settings()
    given = {"PORT": "8000", "VOICEVEIL_OFFLINE": "1", "VOICEVEIL_DATA": "/data", "PUBLIC_URL": "https://x.org/v/"}
    settings = Settings.from_environment(given)
    assert (settings.port, settings.offline, settings.data_dir) == (8000, True, Path("/data"))
    assert settings.public_url == "https://x.org/v"


def test_the_database_lies_in_the_data_folder_unless_named(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database == f"sqlite:///{tmp_path}/voiceveil.db"
    named = Settings.from_environment({"DATABASE_URL": "postgresql://u:secret@h/d", "VOICEVEIL_DEMO_STUDY": "0"})
    assert (named.database, named.demo_study) == ("postgresql://u:secret@h/d", False)


def test_a_short_password_is_refused_and_none_is_ever_shown() -> None:
    with pytest.raises(SettingsError, match="at least 8 characters, but one of 5 came") as refused:
        Settings.from_environment({"VOICEVEIL_ADMIN_PASSWORD": "abcde"})
    assert "abcde" not in str(refused.value)
    settings = Settings.from_environment({"VOICEVEIL_ADMIN_PASSWORD": "correct horse", "DATABASE_URL": "a:secret@b"})
    assert "horse" not in repr(settings)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("VOICEVEIL_KEEP_S", "7200"), ("VOICEVEIL_WORKERS", "0")]
)
def test_what_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is a number from .* but '{value}' came"):
        Settings.from_environment({name: value})


@pytest.mark.parametrize(
    ("given", "anyone"),
    [
        ({}, True),
        ({"HOST": "localhost"}, True),
        ({"HOST": "::1"}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"HOST": "voices.example.org"}, False),
        ({"PUBLIC_URL": "https://voices.example.org"}, False),
        ({"HOST": "0.0.0.0", "VOICEVEIL_DOWNLOADS": "anyone"}, True),
        ({"VOICEVEIL_DOWNLOADS": "Owner"}, False),
    ],
)
def test_strangers_download_only_where_nobody_else_comes_or_the_owner_says_so(
    given: dict[str, str], anyone: bool
) -> None:
    assert Settings.from_environment(given).anyone_downloads is anyone


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VOICEVEIL_DOWNLOADS", "nobody", "VOICEVEIL_DOWNLOADS is anyone or owner, but 'nobody' came"),
        ("VOICEVEIL_DEVICE", "gpu", "VOICEVEIL_DEVICE is cpu, cuda, cuda:N, mps or auto, but 'gpu' came"),
        ("VOICEVEIL_HALF", "maybe", "VOICEVEIL_HALF is true or false, but 'maybe' came"),
        ("VOICEVEIL_MODEL_MEMORY_MB", "0", "VOICEVEIL_MODEL_MEMORY_MB lies between"),
    ],
)
def test_settings_of_networks_are_checked_at_the_start(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment({name: value})
