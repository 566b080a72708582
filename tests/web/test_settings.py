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


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("VOICEVEIL_KEEP_S", "7200"), ("VOICEVEIL_WORKERS", "0")]
)
def test_what_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is a number from .* but '{value}' came"):
        Settings.from_environment({name: value})
