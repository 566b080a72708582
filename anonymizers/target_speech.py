"""Speech of the people whose voices are taken: a folder of recordings, a speaker each.

VOICEVEIL_TARGETS names a folder of one's own (a subfolder a speaker, or files named after their speaker, see
pool_from_speech.py). Without it LibriSpeech dev-clean is fetched: 40 people who read aloud, 8 minutes each (Panayotov
et al., ICASSP 2015). Whoever anonymizes recordings of those very people takes another folder, lest somebody be made
into themselves.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anonymizers import pitch, pool, weights
from anonymizers.base import AnonymizerError
from anonymizers.pitch_formant import estimated_sex
from anonymizers.pool_from_speech import SEX_OF_WORD, files_of_speakers
from anonymizers.pseudo_speaker import OTHER_SEX, Gender, wanted_sex
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip, ClipError, decode

VARIABLE = "VOICEVEIL_TARGETS"
SAMPLE_RATE_HZ = 16_000
GUESSED_FROM_S = 20.0
"""So much of a speaker's speech is heard to guess the sex, where no list tells it."""
SPEAKER_LIST = "SPEAKERS.TXT"

DEV_CLEAN = WeightRef(
    id="librispeech-dev-clean",
    title="LibriSpeech dev-clean (speech of 40 target speakers)",
    source="openslr:librispeech/dev-clean",
    revision="",
    files=(
        WeightFile(
            "dev-clean.tar.gz",
            "https://www.openslr.org/resources/12/dev-clean.tar.gz",
            337_926_286,
            "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
        ),
        WeightFile(f"LibriSpeech/{SPEAKER_LIST}", ""),
        WeightFile("LibriSpeech/dev-clean/", ""),
    ),
    licence="CC BY 4.0",
    loader="archive",
)
"""Size and SHA-256 as torchaudio and several public projects pin them; 5.4 hours, 20 women and 20 men."""


@dataclass(frozen=True)
class Target:
    """A speaker: `name` as the folder has it; `sex` "F", "M" or "" (not known); `files`, in order of name."""

    name: str
    sex: str
    files: tuple[Path, ...]


def folder() -> Path:
    """The folder of target speech: VOICEVEIL_TARGETS, else LibriSpeech dev-clean where it was unpacked.

    Raises:
        AnonymizerError: if there is no such folder.
    """
    if own := os.environ.get(VARIABLE, ""):
        if not Path(own).is_dir():
            raise AnonymizerError(f"A folder of target speech was expected in {VARIABLE}, but {own} is none: name one.")
        return Path(own)
    return weights.path_of(DEV_CLEAN, "LibriSpeech/dev-clean")


def needs() -> tuple[WeightRef, ...]:
    """What must be fetched for `folder`: nothing where VOICEVEIL_TARGETS is set."""
    return () if os.environ.get(VARIABLE, "") else (DEV_CLEAN,)


def speakers(folder: Path) -> Mapping[str, list[Path]]:
    """The recordings in `folder` by speaker, both in order of name.

    Raises:
        AnonymizerError: if there is no such folder, or no recording in it.
    """
    found = files_of_speakers(folder)
    if not found:
        raise AnonymizerError(
            f"Recordings of target speakers were expected in {folder.name or folder}, a subfolder for each or files "
            "named SPEAKER_anything.wav, but there is none: add some."
        )
    return dict(sorted(found.items()))


def sexes(folder: Path) -> dict[str, str]:
    """ "F" or "M" by speaker, as LibriSpeech's SPEAKERS.TXT in the folder or above it says; empty without one."""
    for place in (folder, folder.parent):
        if (place / SPEAKER_LIST).is_file():
            lines = (place / SPEAKER_LIST).read_text(encoding="utf-8", errors="replace").splitlines()
            cells = ([cell.strip() for cell in line.split("|")] for line in lines if not line.startswith(";"))
            return {row[0]: row[1] for row in cells if len(row) > 2 and row[1] in OTHER_SEX}
    return {}


def chosen(folder: Path, name: str, gender: Gender, source_sex: str, rng: np.random.Generator) -> Target:
    """The target speaker called `name`; if that is "", one drawn among those of the gender asked for.

    Args:
        folder: of speech, of at least two speakers.
        name: as the folder has it, or "".
        gender: whom to draw among: the source's sex, the other one, or everybody; of no effect with a name.
        source_sex: "F", "M", or "" (not known), which only the gender "any" takes.
        rng: draws an order of all speakers; the first who fits is taken. Where no list tells who fits, the sex is
            guessed from the median F0 (`estimated_sex`).

    Raises:
        AnonymizerError: if there is no such speaker, fewer than two, or nobody of that sex.
    """
    found = speakers(folder)
    listed = sexes(folder)

    def sex_of(who: str) -> str:
        return listed.get(who) or guessed_sex(_clips(found[who], GUESSED_FROM_S))

    who = picked(list(found), sex_of, name, gender, source_sex, rng)
    return Target(who, listed.get(who, "") if name or gender == "any" else sex_of(who), tuple(found[who]))


def picked(
    names: Sequence[str],
    sex_of: Callable[[str], str],
    name: str,
    gender: Gender,
    source_sex: str,
    rng: np.random.Generator,
) -> str:
    """As `chosen`, among any speakers whose sex, "F", "M" or "", `sex_of` tells."""
    if name:
        if name not in names:
            raise AnonymizerError(
                f"A target speaker was expected, one of {_some(names)}, but {name!r} came: name another."
            )
        return name
    if len(names) < 2:
        raise AnonymizerError(
            f"Speech of at least 2 target speakers was expected, but there is only {_some(names)}: everybody would get "
            "that voice. Add speakers, or name that one as the target."
        )
    wanted = "" if gender == "any" else wanted_sex(source_sex, gender)
    for place in rng.permutation(len(names)):
        if not wanted or sex_of(names[place]) == wanted:
            return names[place]
    raise AnonymizerError(
        f"A target speaker of sex {wanted} was expected, but there is none: choose gender 'any', or add speech."
    )


def guessed_sex(clips: Iterable[Clip]) -> str:
    """ "F" or "M" by the median F0 of these recordings together; "" if no voice is heard."""
    tracks = [np.zeros(0, np.float32)]
    tracks += [pitch.track(clip.resampled(pitch.SAMPLE_RATE_HZ).samples).f0_hz for clip in clips]
    return SEX_OF_WORD[estimated_sex(pool.f0_statistics(np.concatenate(tracks))[0])]


def speech(target: Target, longest_s: float) -> list[Clip]:
    """Recordings of the target at 16 kHz, in order of name, together at most `longest_s` (the last one is cut there).

    Silent files and those that cannot be read are left out.

    Raises:
        AnonymizerError: if nothing is left.
    """
    clips = list(_clips(target.files, longest_s))
    if not clips:
        raise AnonymizerError(
            f"Speech of the target speaker {target.name} was expected, but none of {len(target.files)} files holds a "
            "sound that can be read: replace them, or take another target."
        )
    return clips


def _clips(files: Sequence[Path], longest_s: float) -> Iterator[Clip]:
    left = round(longest_s * SAMPLE_RATE_HZ)
    for path in files:
        if left <= 0:
            return
        try:
            clip = decode(path).clip.resampled(SAMPLE_RATE_HZ)
        except (ClipError, OSError):
            continue
        if not clip.is_silent:
            yield Clip(clip.samples[:left], SAMPLE_RATE_HZ)
            left -= len(clip.samples)


def _some(names: Sequence[str], shown: int = 8) -> str:
    return ", ".join(names[:shown]) + (", …" if len(names) > shown else "")
