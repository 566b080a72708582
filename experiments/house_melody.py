"""How much of the intonation is kept, by two trackers of F0, and what the best copy of a voice would reach.

ρF0 counts which frames are voiced, and trackers disagree on that at every edge: even a voice taken apart and put
together again by WORLD, nothing changed, does not reach 1. A figure of ρF0 says little without its copy's.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import soundfile

from audio.clip import Clip, decode
from evaluation.clip_scores import PITCH_CEILING_HZ, PITCH_FLOOR_HZ, PITCH_HOP_S, pitch_track
from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.pitch_correlation import mean_pitch_correlation, pitch_correlation_of_tracks, voiced_correlation
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, Cell, Job

Floats = npt.NDArray[np.float64]
Tracker = Callable[[Clip], Floats]
KIND = "words"
REPLICATES = 1000


def dio(clip: Clip) -> Floats:
    """F0 as ρF0 takes it: DIO and StoneMask, every 10 ms, Hz, 0 where unvoiced."""
    return np.nan_to_num(pitch_track(clip).values)


def pyin(clip: Clip) -> Floats:
    """The same by pYIN (Mauch and Dixon, 2014), librosa's; slow, and a referee that no system here listens to."""
    import librosa

    hop = round(PITCH_HOP_S * clip.sample_rate)
    found, _, _ = librosa.pyin(
        clip.samples, fmin=PITCH_FLOOR_HZ, fmax=PITCH_CEILING_HZ, sr=clip.sample_rate, frame_length=1024, hop_length=hop
    )
    return np.nan_to_num(found)


TRACKERS: Mapping[str, Tracker] = MappingProxyType({"DIO": dio, "pYIN": pyin})


def world_copy(clip: Clip) -> Clip:
    """The voice taken apart by WORLD (Harvest, CheapTrick, D4C) and put together again, nothing changed."""
    import pyworld

    samples, rate_hz = clip.samples.astype(np.float64), clip.sample_rate
    f0_hz, times_s = pyworld.harvest(samples, rate_hz)
    envelope = pyworld.cheaptrick(samples, f0_hz, times_s, rate_hz)
    aperiodicity = pyworld.d4c(samples, f0_hz, times_s, rate_hz)
    made = pyworld.synthesize(f0_hz, envelope, aperiodicity, rate_hz)
    return Clip(made[: len(samples)].astype(np.float32), rate_hz)


Sounds = Mapping[str, bytes]
"""FLAC files by utterance."""


def of_cell(study: Study, cell: Cell, tracker: str) -> tuple[Interval, Interval]:
    """ρF0, and the correlation where both are voiced (the melody alone), of a cell's sounds with the originals'.

    Means of utterances with intervals for other speakers; NaN where there are no sounds.
    """
    return _correlations(study, sounds(study, cell), tracker)


def of_copies(study: Study, tracker: str) -> tuple[Interval, Interval]:
    """The same of WORLD's copies of the originals."""
    copies = {key: _flac(world_copy(decode(file).clip)) for key, file in sounds(study, ORIGINAL).items()}
    return _correlations(study, copies, tracker)


def sounds(study: Study, cell: Cell) -> Sounds:
    """What a cell's run kept of the utterances that are scored."""
    folder = Job(KIND, cell).folder(study.out) / "audio" / cell.system / "trial"
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.flac"))}


def _flac(clip: Clip) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, clip.samples, clip.sample_rate, format="FLAC")
    return file.getvalue()


def _correlations(study: Study, made: Sounds, tracker: str) -> tuple[Interval, Interval]:
    speakers = study.table("files", KIND, [ORIGINAL]).drop_duplicates("utterance").set_index("utterance")["speaker"]
    originals = sounds(study, ORIGINAL)
    keys = sorted(originals.keys() & made.keys() & set(speakers.index))
    pairs = [(_track(study.out, originals[key], tracker), _track(study.out, made[key], tracker)) for key in keys]
    people = [speakers[key] for key in keys]

    def over(how: Callable[[Floats, Floats], float]) -> Interval:
        rng = np.random.default_rng(0)
        return mean_pitch_correlation([how(*pair) for pair in pairs], people, rng=rng, replicates=REPLICATES)

    return over(pitch_correlation_of_tracks), over(voiced_correlation)


def _track(out: Path, file: bytes, tracker: str) -> Floats:
    """F0 of a sound; kept by the sound's hash, since pYIN takes seconds."""
    place = out / "f0" / tracker / f"{hashlib.sha256(file).hexdigest()[:24]}.npy"
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        np.save(place, TRACKERS[tracker](decode(file).clip))
    return np.load(place)
