"""A program of its own around the espeak-ng library: a JSON request on stdin, a mono 16-bit WAV on stdout.

espeak-ng is under the GPL-3.0, so it is never loaded into the app: speech_synthesis.py starts this file in another
process and speaks with it through pipes alone. It imports nothing of the project, and starts in a few hundredths of a
second.

Request: {"text": str, "voice": "en-us+f3", "pitch": 0-100, "pitch_range": 0-100, "rate_wpm": 80-450}.
Exit status 0, or 1 with one line on stderr.
"""

import ctypes
import json
import sys
import wave

RETRIEVAL = 1
"""AUDIO_OUTPUT_RETRIEVAL: samples go to the callback, when asked for; no sound card is opened."""
UTF8 = 1
"""espeakCHARS_UTF8 and no other flag: neither SSML nor [[phonemes]] in the text are interpreted."""
RATE, PITCH, PITCH_RANGE = 1, 3, 4
"""espeak_PARAMETER numbers."""

NOISE_SEED = 1
"""Breath is noise, and the library seeds it with the clock: the same request must give the same samples."""

ON_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakError(Exception):
    """The library refused; one line saying what."""


def check(status: int, doing: str) -> None:
    """Raise unless the library said EE_OK (0)."""
    if status != 0:
        raise EspeakError(f"espeak-ng could not {doing} (status {status})")


def open_library() -> tuple[ctypes.CDLL, int]:
    """The library, initialised, and its sample rate in Hz."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    sample_rate = library.espeak_Initialize(RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
    if sample_rate <= 0:
        raise EspeakError("espeak-ng could not read its data")
    library.espeak_ng_SetRandSeed(NOISE_SEED)
    return library, sample_rate


def set_voice(library: ctypes.CDLL, request: dict) -> None:
    """Voice, pitch, pitch range and speaking rate."""
    check(library.espeak_SetVoiceByName(request["voice"].encode()), f"find the voice {request['voice']!r}")
    settings = ((RATE, "rate_wpm"), (PITCH, "pitch"), (PITCH_RANGE, "pitch_range"))
    for number, name in settings:
        check(library.espeak_SetParameter(number, int(request[name]), 0), f"set {name}")


def speak(library: ctypes.CDLL, text: str) -> bytes:
    """`text` as 16-bit samples in the machine's byte order."""
    pieces: list[bytes] = []

    @ON_SAMPLES
    def collect(samples, count, events):
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(collect)
    encoded = text.encode("utf-8", errors="replace")
    size = ctypes.c_size_t(len(encoded) + 1)
    check(library.espeak_Synth(encoded, size, 0, 0, 0, UTF8, None, None), "speak")
    check(library.espeak_Synchronize(), "finish speaking")
    return b"".join(pieces)


def main() -> int:
    """Answer one request."""
    try:
        request = json.load(sys.stdin.buffer)
        library, sample_rate = open_library()
        set_voice(library, request)
        sound = speak(library, request["text"])
        with wave.open(sys.stdout.buffer, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(sample_rate)
            out.setnframes(len(sound) // 2)
            out.writeframesraw(sound)
    except (EspeakError, ImportError, OSError, KeyError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
