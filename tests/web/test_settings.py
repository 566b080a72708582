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
