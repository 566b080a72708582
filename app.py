"""Start VoiceVeil: settings from the environment, one process, port 7860."""

from __future__ import annotations

import sys


def main() -> int:
    """Serve until stopped; 2 if a setting does not fit."""
    import uvicorn

    from web.server import create_app
    from web.settings import Settings, SettingsError

    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    app = create_app(settings)
    print(f"VoiceVeil: {settings.public_url or f'http://{settings.host}:{settings.port}'}", flush=True)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
