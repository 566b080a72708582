"""A mono clip of sound, and every way in and out of a file: the only module that touches codecs."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

MAX_SAMPLE_RATE_HZ = 48_000
"""Clips above this rate are resampled on the way in: no system here works above it, and no browser needs it."""


SUFFIXES = frozenset((
    ".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac",
    ".mp4", ".webm", ".aif", ".aiff", ".caf", ".w64", ".amr",
))  # fmt: skip
"""Endings of what decode() can read; other files in a folder are not clips."""


class ClipError(ValueError):
    """A file that cannot become a clip; the message is one sentence written for the person who sent it."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound: `samples` float32, shape (n,), finite, nominally in [-1, 1]; `sample_rate` in Hz.

    Raises:
        ClipError: if samples are not one-dimensional or hold NaN or Inf, or the rate is not positive.
    """

    samples: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ClipError(f"A clip holds one channel, shape (n,), but shape {samples.shape} came: mix it to mono.")
        if not np.isfinite(samples).all():
            raise ClipError("A clip holds finite numbers, but NaN or Inf came: export the sound again, as 16-bit WAV.")
        if self.sample_rate <= 0:
            raise ClipError(f"A sample rate is a positive number of Hz, but {self.sample_rate} came.")
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def is_silent(self) -> bool:
        """True for digital silence: no sample differs from zero."""
        return not self.samples.any()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of rate and samples, hex: the identity of a clip, whatever its file was called."""
        return hashlib.sha256(f"{self.sample_rate}|".encode() + self.samples.tobytes()).hexdigest()

    def resampled(self, sample_rate: int) -> Clip:
        """The same sound at another rate (soxr, high quality); itself when the rate is already right."""
        if sample_rate == self.sample_rate or not len(self.samples):
            return replace(self, sample_rate=sample_rate)
        import soxr

        return Clip(soxr.resample(self.samples, self.sample_rate, sample_rate, quality="HQ"), sample_rate)


FORMATS = "WAV, FLAC, MP3, OGG, Opus, M4A/AAC, WebM or AIFF"
LOWEST_SAMPLE_RATE_HZ, HIGHEST_SAMPLE_RATE_HZ = 4_000, 768_000

# What PyAV may open: nothing that can name another file or address (playlists, concat scripts).
_AV_FORMATS = "aac,aiff,ac3,caf,flac,matroska,webm,mov,mp4,m4a,3gp,mp3,ogg,wav,w64,amr,asf"
_AV_OPTIONS = {"format_whitelist": _AV_FORMATS, "protocol_whitelist": "none"}


@dataclass(frozen=True)
class Decoded:
    """A clip as it came out of a file: `notes` are sentences on what was done to it; `channels` and `sample_rate_hz`
    are the file's own."""

    clip: Clip
    notes: tuple[str, ...]
    channels: int
    sample_rate_hz: int


@dataclass(frozen=True)
class _Raw:
    frames: np.ndarray  # float32, shape (n, channels)
    sample_rate_hz: int
    ended_early: bool = False


def decode(source: bytes | Path, *, max_duration_s: float | None = None) -> Decoded:
    """Any common sound file as a mono clip of at most 48 kHz.

    soundfile reads what it knows, PyAV (with its own codecs) the rest; the file's name plays no part.

    Raises:
        ClipError: if it is empty, no sound file, holds no samples, NaN or Inf, an odd rate, or lasts too long.
    """
    data = source.read_bytes() if isinstance(source, Path) else source
    if not data:
        raise ClipError(f"A sound file was expected ({FORMATS}), but the file is empty: choose another.")
    raw = _read_soundfile(data, max_duration_s)
    if raw is None or not len(raw.frames):  # libsndfile gives nothing of a truncated OGG; PyAV gives what there is
        raw = _read_av(data, max_duration_s) or raw
    if raw is None:
        raise ClipError(f"A sound file was expected ({FORMATS}), but this is none that can be read: export it as WAV.")
    return _to_clip(raw)


def _read_soundfile(data: bytes, max_duration_s: float | None) -> _Raw | None:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_rate(file.samplerate)
            limit = _limit_frames(file.samplerate, max_duration_s)
            blocks, count = [], 0
            while len(block := file.read(65_536, dtype="float32", always_2d=True)):
                blocks.append(block)
                count += len(block)
                _check_length(count, file.samplerate, limit, max_duration_s)
            promised = file.frames
            frames = np.concatenate(blocks) if blocks else np.zeros((0, file.channels), np.float32)
            return _Raw(frames, file.samplerate, ended_early=count < 0.95 * promised)
    except soundfile.LibsndfileError:
        return None


def _read_av(data: bytes, max_duration_s: float | None) -> _Raw | None:
    import av

    try:
        with av.open(io.BytesIO(data), options=_AV_OPTIONS, metadata_errors="replace") as container:
            if not container.streams.audio:
                return None
            return _read_av_stream(container, container.streams.audio[0], max_duration_s)
    except ClipError:
        raise
    except (av.error.FFmpegError, ValueError, LookupError):
        return None


def _read_av_stream(container, stream, max_duration_s: float | None) -> _Raw | None:
    import av

    resampler = av.AudioResampler(format="fltp")
    blocks, count, ended_early = [], 0, False
    try:
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                blocks.append(piece.to_ndarray().T)
                count += len(blocks[-1])
                _check_length(
                    count, piece.sample_rate, _limit_frames(piece.sample_rate, max_duration_s), max_duration_s
                )
    except av.error.FFmpegError:
        ended_early = True
    if not blocks:
        return None
    _check_rate(stream.rate)
    return _Raw(np.concatenate(blocks), stream.rate, ended_early)


def _check_rate(rate_hz: int) -> None:
    if not LOWEST_SAMPLE_RATE_HZ <= rate_hz <= HIGHEST_SAMPLE_RATE_HZ:
        raise ClipError(
            f"A sample rate from 4 to 768 kHz was expected, but {rate_hz} Hz came: export it at 16 kHz or more."
        )


def _limit_frames(rate_hz: int, max_duration_s: float | None) -> float:
    return float("inf") if max_duration_s is None else max_duration_s * rate_hz


def _check_length(count: int, rate_hz: int, limit: float, max_duration_s: float | None) -> None:
    if count > limit:
        raise ClipError(
            f"A clip of at most {max_duration_s:g} s was expected, but this one lasts longer: "
            "cut it to the part you want."
        )


def _to_clip(raw: _Raw) -> Decoded:
    frames, rate_hz = raw.frames, raw.sample_rate_hz
    if not len(frames):
        raise ClipError(
            "A clip with sound in it was expected, but the file holds no samples: record or export it again."
        )
    if bad := int((~np.isfinite(frames)).any(axis=1).sum()):
        raise ClipError(
            f"A finite number was expected for every sample, but {bad} of {len(frames)} are NaN or infinite: "
            "export the sound again, as 16-bit WAV."
        )
    notes = _notes(raw)
    samples = frames.mean(axis=1, dtype=np.float64)
    if (peak := float(np.abs(samples).max())) > 1:
        notes.append(f"Its peaks go {20 * np.log10(peak):.1f} dB over full scale: turned down to fit.")
        samples = samples / peak
    clip = Clip(samples.astype(np.float32), rate_hz)
    if clip.is_silent:
        notes.append("It is digital silence: there is nothing in it to hear or to anonymize.")
    if rate_hz > MAX_SAMPLE_RATE_HZ:
        clip = Clip(np.clip(clip.resampled(MAX_SAMPLE_RATE_HZ).samples, -1, 1), MAX_SAMPLE_RATE_HZ)
    return Decoded(clip, tuple(notes), frames.shape[1], rate_hz)


def _notes(raw: _Raw) -> list[str]:
    rate_hz, channels = raw.sample_rate_hz, raw.frames.shape[1]
    notes = []
    if raw.ended_early:
        notes.append("The file ends early: what could be read of it is used.")
    if channels > 1:
        notes.append(f"{channels} channels: mixed to mono.")
    if rate_hz > MAX_SAMPLE_RATE_HZ:
        notes.append(f"{rate_hz / 1000:g} kHz: brought down to {MAX_SAMPLE_RATE_HZ / 1000:g} kHz.")
    if rate_hz < 16_000:
        notes.append(
            f"{rate_hz / 1000:g} kHz: it holds nothing above {rate_hz / 2000:g} kHz, so it will sound dull throughout."
        )
    return notes


def encode_wav(clip: Clip) -> bytes:
    """The clip as a 16-bit PCM mono WAV file; samples beyond [-1, 1] are clipped."""
    return encode_pcm(
        np.rint(np.clip(clip.samples.astype(np.float64), -1, 1) * 32767).astype(np.int16), clip.sample_rate
    )


def encode_pcm(pcm: np.ndarray, sample_rate: int) -> bytes:
    """`pcm` (int16, shape (n,) or (n, channels)) as a WAV file of 44 bytes of header, the samples and nothing else."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
