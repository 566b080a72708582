"""A house voice that speaks while it listens: frames wait for each other until all that is known of one is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anonymizers import house_model
from anonymizers import house_voice as voice
from anonymizers.nn import controls, mel
from anonymizers.nn.source_filter import SourceFilter
from anonymizers.pitch import LiveTracker
from anonymizers.pseudo_speaker import PseudoSpeaker

Floats = voice.Floats
F0_LAG_FRAMES = 2
FIRST_LOUD_DB = -35.0
FORGET_DB = 0.02
"""How much the level of "loud" falls in a frame: 2 dB a second."""
PEAK_OVER_LOUD_DB = 2.0
"""The loudest frame lies about so far above the level that 5 % of frames exceed."""
FIRST_F0_HZ, FIRST_F0_FRAMES, F0_MEMORY_FRAMES = 150.0, 20.0, 1_500.0
QUIETEST_LOUD_DB = -75.0


class LiveVoice:
    """A stream (see base.Stream) at 16 kHz.

    `keeps_f0`: whether F0 is kept for plots, 8 bytes a frame; not on endless live sound, whose memory stays flat.
    """

    def __init__(
        self, target: PseudoSpeaker, params: Mapping[str, Any], rng: np.random.Generator, *, keeps_f0: bool = False
    ) -> None:
        self._params, self._target, self._keeps_f0 = params, target, keeps_f0
        self._ear = _Ear()
        self._tracker = LiveTracker(F0_LAG_FRAMES)
        self._encoder = house_model.LiveEncoder()
        self._decoder = house_model.LiveDecoder(target.vector)
        self._voice = SourceFilter(rng)
        self._median = _RunningPitch()
        self._content = np.zeros((0, 64), np.float32)
        self._f0_hz = np.zeros(0, np.float32)
        self._measures = np.zeros((0, 4), np.float32)
        self._levels = np.zeros(0, np.float32)
        self._f0_before_hz = 0.0
        self._early = mel.HOP
        self._taken = self._given = 0
        self._tracks: list[tuple[Floats, Floats]] = []

    @property
    def latency_ms(self) -> float:
        """A sample waits for the frame after it, whose gains wait for the next one's content (the decoder's delay),
        which waits for five mel frames more (the encoder's), the last of which needs half a window."""
        encoder_frames = house_model.STRIDE * (house_model.ENCODER_DELAY + 1) - 1
        frames = 1 + house_model.DECODER_DELAY + encoder_frames
        return 1000 * (frames * mel.HOP + mel.AHEAD) / mel.SAMPLE_RATE_HZ

    def push(self, samples: Floats) -> Floats:
        self._taken += len(samples)
        parts = [self._heard(samples[start : start + 8_000]) for start in range(0, len(samples), 8_000)]
        return self._given_out(np.concatenate(parts) if parts else np.zeros(0, np.float32))

    def flush(self) -> Floats:
        wanted = -(-self._taken // mel.HOP)
        frames, measures = self._ear.flush(wanted)
        self._take(frames, measures, self._tracker.flush().f0_hz)
        silence = np.zeros((house_model.STRIDE * (house_model.ENCODER_DELAY + 1), mel.N_MELS), np.float32)
        self._add_content(self._encoder.push(silence))
        sound = [self._speak()]
        sound.append(self._voice.push(np.zeros(0, np.float32), self._at_source_level(self._decoder.flush())))
        left = self._taken - self._given
        return self._given_out(np.concatenate([*sound, self._voice.flush()]))[:left]

    def f0_hz(self) -> tuple[Floats, Floats]:
        """F0 heard and spoken so far, every 10 ms; 0 where unvoiced. Empty unless it is kept."""
        before, after = zip(*self._tracks, strict=True) if self._tracks else ((), ())
        none = np.zeros(0, np.float32)
        return np.concatenate((none, *before)), np.concatenate((none, *after))

    def _heard(self, samples: Floats) -> Floats:
        frames, measures = self._ear.push(samples)
        self._take(frames, measures, self._tracker.push(samples).f0_hz)
        return self._speak()

    def _take(self, frames: Floats, measures: Floats, f0_hz: Floats) -> None:
        self._add_content(self._encoder.push(frames))
        self._measures = np.concatenate((self._measures, measures))
        self._f0_hz = np.concatenate((self._f0_hz, f0_hz))

    def _add_content(self, content: house_model.Content) -> None:
        chosen = content.soft if self._params["bottleneck"] == "soft" else content.codes
        self._content = np.concatenate((self._content, np.repeat(chosen, house_model.STRIDE, axis=0)))

    def _speak(self) -> Floats:
        """What can be said of the frames of which content, F0 and measures are all here."""
        count = min(len(self._content), len(self._f0_hz), len(self._measures))
        if not count:
            return np.zeros(0, np.float32)
        heard_hz, measures, content = self._f0_hz[:count], self._measures[:count], self._content[:count]
        self._f0_hz, self._measures, self._content = self._f0_hz[count:], self._measures[count:], self._content[count:]
        f0_hz = self._median.moved(heard_hz, self._target.median_f0_hz, self._params["f0_shift"])
        loudness, emotion = controls.inputs(measures[:, :3], f0_hz, controls.LOUD_DB, self._f0_before_hz)
        self._f0_before_hz = float(f0_hz[-1])
        strength = voice.strength_of(self._params)
        gains = self._decoder.push(voice.decoder_frames(content, f0_hz, loudness, emotion, strength))
        self._levels = np.concatenate((self._levels, measures[:, 3]))
        if self._keeps_f0:
            self._tracks.append((heard_hz, f0_hz))
        return self._voice.push(f0_hz, self._at_source_level(gains))

    def _at_source_level(self, gains: Floats) -> Floats:
        levels, self._levels = self._levels[: len(gains)], self._levels[len(gains) :]
        return gains - levels[:, None]

    def _given_out(self, sound: Floats) -> Floats:
        """The sound without what lies before the first sample."""
        skipped = min(self._early, len(sound))
        self._early -= skipped
        self._given += len(sound) - skipped
        return sound[skipped:]


class _Ear:
    """Log-mel less its running mean (n, 80), and per frame measures and the natural log of the gain, (n, 4)."""

    def __init__(self) -> None:
        self._samples = np.zeros(mel.AHEAD, np.float32)
        self._loud_db = FIRST_LOUD_DB
        self.mean = np.array(house_model.card(house_model.CAUSAL_ENCODER)["ordinary_mel"], np.float32)
        self._heard = mel.PRIOR_FRAMES
        self._count = 0

    def push(self, samples: Floats) -> tuple[Floats, Floats]:
        self._samples = np.concatenate((self._samples, samples))
        count = max(0, (len(self._samples) - mel.WINDOW) // mel.HOP + 1)
        if not count:
            return np.zeros((0, mel.N_MELS), np.float32), np.zeros((0, 4), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._samples, mel.WINDOW)[: count * mel.HOP : mel.HOP]
        heard = self._listen(frames)
        self._samples = self._samples[count * mel.HOP :].copy()
        self._count += count
        return heard

    def flush(self, wanted: int) -> tuple[Floats, Floats]:
        """The frames that are still missing to `wanted`, with silence after the end."""
        missing = wanted - self._count
        needed = (missing - 1) * mel.HOP + mel.WINDOW - len(self._samples) if missing > 0 else 0
        return self.push(np.zeros(max(0, needed), np.float32))

    def _listen(self, frames: Floats) -> tuple[Floats, Floats]:
        measures = controls.of_frames(frames)
        gains = self._gains(measures[:, 0])
        measures[:, 0] += 20 * np.log10(gains)
        logs = mel.of_frames(frames * gains[:, None])
        means, self._heard = mel.running_mean(logs, self.mean, self._heard)
        self.mean = means[-1]
        return logs - means, np.concatenate((measures, np.log(gains)[:, None]), axis=1)

    def _gains(self, loudness_db: Floats) -> Floats:
        """What brings each frame to the level at which the networks work, by the loudest of the last while."""
        gains = np.empty(len(loudness_db), np.float32)
        for place, level_db in enumerate(loudness_db):
            self._loud_db = max(self._loud_db - FORGET_DB, float(level_db) - PEAK_OVER_LOUD_DB, QUIETEST_LOUD_DB)
            gains[place] = controls.gain(self._loud_db)
        return gains


class _RunningPitch:
    """The source's pitch so far, from an ordinary one on; moves F0 to another's."""

    def __init__(self) -> None:
        self._log2_hz, self._frames = np.log2(FIRST_F0_HZ), FIRST_F0_FRAMES

    def moved(self, f0_hz: Floats, target_hz: float, shift: float) -> Floats:
        moved = np.zeros(len(f0_hz), np.float32)
        for place in np.flatnonzero(f0_hz):
            self._frames = min(self._frames + 1, F0_MEMORY_FRAMES)
            self._log2_hz += (np.log2(f0_hz[place]) - self._log2_hz) / self._frames
            octaves = 0.0 if np.isnan(target_hz) else shift * (np.log2(target_hz) - self._log2_hz)
            moved[place] = np.clip(f0_hz[place] * 2.0**octaves, *voice.SPOKEN_F0_HZ)
        return moved
