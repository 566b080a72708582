"""The speakers of a study: which recordings of them go together, and who is kept apart for practice."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from listening_test.study import Study, StudyClip, StudyError


@dataclass(frozen=True)
class Voices:
    """Clips by speaker, speakers and clips in the order of their names."""

    clips: dict[str, tuple[StudyClip, ...]]
    _beside: dict[tuple[str, str], tuple[StudyClip, ...]] = field(default_factory=dict, repr=False, compare=False)
    """What was asked of beside(), kept: it is asked often."""

    @classmethod
    def of(cls, clips: Iterable[StudyClip]) -> Voices:
        """The voices of these clips.

        Raises:
            StudyError: if a speaker's clips differ in sex.
        """
        found: dict[str, list[StudyClip]] = {}
        for clip in sorted(clips, key=lambda clip: (clip.speaker, clip.key)):
            found.setdefault(clip.speaker, []).append(clip)
        for speaker, theirs in found.items():
            sexes = sorted({clip.sex for clip in theirs})
            if len(sexes) > 1:
                raise StudyError(
                    f"Speaker {speaker} should have one sex in all clips, but {' and '.join(sexes)} came: "
                    "mend the manifest, or give the two people different names."
                )
        return cls({speaker: tuple(theirs) for speaker, theirs in found.items()})

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(self.clips)

    def sex(self, speaker: str) -> str:
        """F, M or X."""
        return self.clips[speaker][0].sex

    def only(self, speakers: Iterable[str]) -> Voices:
        """The voices of some of the speakers."""
        kept = set(speakers)
        return Voices({speaker: theirs for speaker, theirs in self.clips.items() if speaker in kept})

    @cached_property
    def _words(self) -> dict[str, str]:
        """What each clip says, case and spacing aside; "" where it is not known."""
        return {c.key: " ".join(c.transcript.casefold().split()) for theirs in self.clips.values() for c in theirs}

    def beside(self, clip: StudyClip, speaker: str) -> tuple[StudyClip, ...]:
        """The speaker's recordings that may stand beside this one: with another text, where texts are known, and from
        another session, where there are such."""
        asked = (clip.key, speaker)
        if asked not in self._beside:
            said, words = self._words[clip.key], self._words
            others = [c for c in self.clips[speaker] if c.key != clip.key and not (said and said == words[c.key])]
            away = [c for c in others if not (clip.session and clip.session == c.session)]
            self._beside[asked] = tuple(away or others)
        return self._beside[asked]

    def partners(self, clip: StudyClip) -> tuple[StudyClip, ...]:
        """The speaker's other recordings that may stand beside this one."""
        return self.beside(clip, clip.speaker)

    def is_pairable(self, speaker: str) -> bool:
        """Whether two recordings of the speaker may stand beside each other."""
        return any(self.partners(clip) for clip in self.clips[speaker])

    @cached_property
    def pairable(self) -> dict[str, tuple[str, ...]]:
        """By sex, the speakers with two recordings that may stand beside each other."""
        found: dict[str, list[str]] = {}
        for speaker in self.clips:
            if self.is_pairable(speaker):
                found.setdefault(self.sex(speaker), []).append(speaker)
        return {sex: tuple(found[sex]) for sex in sorted(found)}


def interleaved(groups: Iterable[Sequence[str]]) -> list[str]:
    """The members of all groups in one list, every stretch of it mixed as evenly as their sizes allow."""
    placed = [((i + 0.5) / len(group), g, name) for g, group in enumerate(groups) for i, name in enumerate(group)]
    return [name for _, _, name in sorted(placed)]


def practice_options(study: Study, voices: Voices, *, in_pairs: bool, line_up: bool) -> list[tuple[str, ...]]:
    """Who might be heard in practice and training only, the best choice first, the one that takes fewest speakers last.

    One speaker, or two of one sex where voices are compared, and a third for line-ups without the person; on studies
    with the system-trained rung a quarter of each sex, or two of each, so that listeners learn the systems and not two
    people. Of each sex those with the fewest clips.
    """
    trained = in_pairs and "system-trained" in study.design.rungs
    by_sex = voices.pairable if in_pairs else _by_sex(voices)
    if not by_sex or (not trained and study.design.practice_trials == 0):
        return [()]
    rng = random.Random(f"{study.design.seed}|practice speakers")
    dealt = {sex: _fewest_clips_first(voices, speakers, rng) for sex, speakers in by_sex.items()}
    many = [speakers for speakers in dealt.values() if trained and len(speakers) >= 8]
    shares = [[name for speakers in many for name in speakers[:size]] for size in (_quarter(many), 2)] if many else []
    largest = dealt[max(dealt, key=lambda sex: (len(dealt[sex]), sex))]
    sizes = ([3] if line_up else []) + ([2] if in_pairs else [1])
    fewer = [largest[:size] for size in sizes]
    return [tuple(sorted(names)) for names in (*shares, *fewer)]


def _quarter(groups: Sequence[Sequence[str]]) -> int:
    return min(len(speakers) for speakers in groups) // 4


def _by_sex(voices: Voices) -> dict[str, tuple[str, ...]]:
    sexes = sorted({voices.sex(speaker) for speaker in voices.speakers})
    return {sex: tuple(name for name in voices.speakers if voices.sex(name) == sex) for sex in sexes}


def _fewest_clips_first(voices: Voices, speakers: Sequence[str], rng: random.Random) -> list[str]:
    shuffled = rng.sample(list(speakers), len(speakers))
    return sorted(shuffled, key=lambda name: len(voices.clips[name]))
