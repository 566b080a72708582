"""Start VoiceVeil: settings from the environment, one process, port 7860."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Serve until stopped; 2 if a setting does not fit."""
    import uvicorn

    from listening_test.store_records import StoreError
    from web.server import create_app
    from web.settings import Settings, SettingsError

    try:
        settings = Settings.from_environment()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an orderly end, so that nothing is left behind
        app = create_app(settings)
    except (SettingsError, StoreError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"VoiceVeil: {settings.public_url or f'http://{settings.host}:{settings.port}'}", flush=True)
    if words := app.state.services.login.announcement:
        print(words, flush=True)
    # An open page holds a stream of events: without a limit, stopping would wait for it, and keep the uploads.
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        ws_max_size=256 * 1024,  # a block of live sound has a few kB
        ws_per_message_deflate=False,  # sound does not shrink, and squeezing it takes time
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
