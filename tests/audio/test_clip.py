"""Decoding: every format in, one mono clip out, one sentence for everything else."""

from __future__ import annotations

import io
import struct
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.clip import Clip, ClipError, decode, encode_wav

TONE_HZ = 440


def tone(duration_s: float = 1.0, rate_hz: int = 16_000, channels: int = 1) -> np.ndarray:
    times_s = np.arange(int(duration_s * rate_hz)) / rate_hz
    return np.repeat(0.5 * np.sin(2 * np.pi * TONE_HZ * times_s)[:, None], channels, axis=1).astype(np.float32)


def written(frames: np.ndarray, rate_hz: int = 16_000, **how: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, frames, rate_hz, **{"format": "WAV", **how})
    return buffer.getvalue()


def coded(container: str, codec: str, rate_hz: int = 48_000, duration_s: float = 1.0) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(duration_s, rate_hz).T.copy(), format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        frame.pts = 0
        fifo = av.AudioFifo()
        fifo.write(frame)
        while (piece := fifo.read(stream.frame_size or 1024, partial=True)) is not None:
            for packet in stream.encode(piece):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return buffer.getvalue()


def peak_frequency_hz(clip: Clip) -> float:
    spectrum = np.abs(np.fft.rfft(clip.samples * np.hanning(len(clip.samples))))
    return float(spectrum.argmax() * clip.sample_rate / len(clip.samples))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "MP3"])
def test_soundfile_formats(kind: str) -> None:
    decoded = decode(written(tone(), format=kind))
    assert abs(peak_frequency_hz(decoded.clip) - TONE_HZ) < 2
    assert abs(decoded.clip.duration_s - 1) < 0.1


@pytest.mark.parametrize(
    ("container", "codec"),
    [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac"), ("ipod", "aac"), ("adts", "aac"), ("matroska", "aac")],
)
def test_av_formats(container: str, codec: str) -> None:
    decoded = decode(coded(container, codec))
    assert abs(peak_frequency_hz(decoded.clip) - TONE_HZ) < 2
    assert abs(decoded.clip.duration_s - 1) < 0.1
    assert decoded.notes == ()


def test_sixteen_bit_wav_survives_a_round_trip_exactly() -> None:
    data = encode_wav(Clip(tone()[:, 0], 16_000))
    assert encode_wav(decode(data).clip) == data


@pytest.mark.parametrize("rate_hz", [8_000, 192_000])
def test_odd_rates_are_processed_with_a_note(rate_hz: int) -> None:
    decoded = decode(written(tone(rate_hz=rate_hz), rate_hz))
    assert decoded.clip.sample_rate == min(rate_hz, 48_000)
    assert abs(peak_frequency_hz(decoded.clip) - TONE_HZ) < 2
    assert f"{rate_hz // 1000} kHz" in decoded.notes[0]


def test_eight_channels_are_mixed_with_a_note() -> None:
    decoded = decode(written(tone(channels=8)))
    assert decoded.channels == 8
    np.testing.assert_allclose(decoded.clip.samples, tone()[:, 0], atol=1e-4)
    assert decoded.notes == ("8 channels: mixed to mono.",)


def test_silence_and_fifty_milliseconds_are_clips() -> None:
    assert "silence" in decode(written(np.zeros((16_000, 1), np.float32))).notes[0]
    assert decode(written(tone(0.05))).clip.duration_s == pytest.approx(0.05)


def test_float_peaks_beyond_full_scale_are_turned_down() -> None:
    decoded = decode(written(3 * tone(), subtype="FLOAT"))
    assert np.abs(decoded.clip.samples).max() == pytest.approx(1)
    assert "dB over full scale" in decoded.notes[0]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["MP3", "OGG", "FLAC", "WAV"])
def test_truncated_files_give_what_can_be_read(kind: str, cut: float) -> None:
    noisy = tone(12.0) + 0.05 * np.random.default_rng(0).standard_normal((192_000, 1)).astype(np.float32)
    data = written(noisy, format=kind)
    decoded = decode(data[: int(cut * len(data))])
    assert 1 < decoded.clip.duration_s < 12
    assert abs(peak_frequency_hz(decoded.clip) - TONE_HZ) < 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"Dear diary, this is no sound at all.\n" * 50, "none that can be read"),
        (b"RIFF" + struct.pack("<I", 36) + b"WAVE", "none that can be read"),
        (written(np.zeros((0, 1), np.float32)), "no samples"),
        (written(tone(0.1), 1_000), "4 to 768 kHz"),
    ],
)
def test_what_is_no_clip_gets_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(ClipError, match=words) as caught:
        decode(data)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_are_refused_and_counted(value: float) -> None:
    frames = tone()
    frames[7] = value
    with pytest.raises(ClipError, match="1 of 16000 are NaN or infinite"):
        decode(written(frames, subtype="FLOAT"))


@pytest.mark.parametrize("data", [written(tone(11.0)), coded("webm", "libopus", duration_s=11.0)])
def test_too_long_is_refused_before_it_is_all_read(data: bytes) -> None:
    with pytest.raises(ClipError, match="at most 10 s"):
        decode(data, max_duration_s=10)


def test_a_playlist_reaches_no_other_address() -> None:
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/x.ts"
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile '{address}'\n",
        ):
            with pytest.raises(ClipError):
                decode(text.encode())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=4000), head=st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3"]))
def test_any_bytes_are_a_clip_or_a_sentence(data: bytes, head: bytes) -> None:
    try:
        decoded = decode(head + data, max_duration_s=60)
    except ClipError:
        return
    assert np.isfinite(decoded.clip.samples).all()


@settings(max_examples=100, deadline=None)
@given(
    position=st.integers(0, 3000),
    noise=st.binary(min_size=1, max_size=40),
    kind=st.sampled_from(["WAV", "FLAC", "OGG", "MP3", "AIFF"]),
)
def test_damaged_files_are_a_clip_or_a_sentence(position: int, noise: bytes, kind: str) -> None:
    data = bytearray(written(tone(0.3), format=kind))
    data[position : position + len(noise)] = noise
    try:
        decoded = decode(bytes(data), max_duration_s=600)
    except ClipError:
        return
    assert np.isfinite(decoded.clip.samples).all()
    assert np.abs(decoded.clip.samples).max(initial=0) <= 1


@given(samples=st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=400), rate=st.sampled_from([8000, 44100]))
def test_encoding_any_clip_gives_a_file_of_its_length(samples: list[float], rate: int) -> None:
    clip = Clip(np.array(samples, np.float32), rate)
    with soundfile.SoundFile(io.BytesIO(encode_wav(clip))) as file:
        assert (file.frames, file.samplerate, file.channels) == (len(samples), rate, 1)


def test_a_clip_refuses_two_channels_and_nan() -> None:
    with pytest.raises(ClipError, match="one channel"):
        Clip(np.zeros((2, 3), np.float32), 16_000)
    with pytest.raises(ClipError, match="NaN or Inf"):
        Clip(np.array([np.nan], np.float32), 16_000)


def test_digest_knows_sound_and_rate_alone() -> None:
    clip = Clip(tone()[:, 0], 16_000)
    assert clip.digest == Clip(tone()[:, 0].copy(), 16_000).digest
    assert clip.digest != Clip(tone()[:, 0], 8_000).digest
