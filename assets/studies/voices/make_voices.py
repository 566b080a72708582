"""Make the voices of this folder and their manifest: python -m assets.studies.voices.make_voices

Thirty-two speakers say three sentences each, in two sessions between which they differ a little, as people do from day
to day. No sentence is said twice, so that no pair of clips can be told by its words.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from anonymizers.speech_synthesis import Voice, synthesise
from audio.clip import Clip

HERE = Path(__file__).parent
SAMPLE_RATE_HZ = 16_000
PEAK = 0.17
"""Low, for small files: a study brings every clip to one level anyway."""
LEAD_S, TAIL_S = 0.05, 0.1
"""Silence kept before and after the words."""
SILENCE = 0.01
"""Share of the peak below which a sample counts as silence."""
LATER = {"pitch": -3, "pitch_range": 6, "rate_wpm": -8}
"""How the second session differs from the first."""
LICENCE = "CC0-1.0"


@dataclass(frozen=True)
class Speaker:
    """Who speaks, and what: the last sentence belongs to the second session."""

    name: str
    voice: Voice
    sentences: tuple[str, str, str]


SPEAKERS = (
    Speaker("anna", Voice("en-us", "f5", 50, 55, 165), (
        "The baker opens his shop before the sun is up.",
        "We left our bicycles behind the old stone wall.",
        "A warm wind came over the hills in the evening.",
    )),
    Speaker("beth", Voice("en-gb-x-rp", "f2", 44, 65, 160), (
        "Please put the blue cups on the upper shelf.",
        "My uncle paints small boats on winter days.",
        "The library closes early during the holidays.",
    )),
    Speaker("cora", Voice("en-us", "Annie", 56, 50, 170), (
        "There is a market by the river every Sunday.",
        "He found a silver coin under the carpet.",
        "The children drew a map of the whole garden.",
    )),
    Speaker("dora", Voice("en-gb-scotland", "f3", 46, 60, 155), (
        "Our neighbour grows tomatoes on her roof.",
        "The last bus to the village goes at nine.",
        "She hummed a song while she mended the coat.",
    )),
    Speaker("edna", Voice("en-us", "linda", 40, 45, 160), (
        "You can see the harbour from the top floor.",
        "They shared a pot of tea and a lemon cake.",
        "Nobody remembered who had brought the ladder.",
    )),
    Speaker("fay", Voice("en", "f1", 60, 60, 165), (
        "The museum shows old maps and model ships.",
        "I keep a pencil and some paper in my bag.",
        "Two swans were asleep on the frozen lake.",
    )),
    Speaker("alan", Voice("en-us", "m6", 50, 55, 165), (
        "The train was late, so we played some cards.",
        "A yellow kite was caught in the apple tree.",
        "He always reads the final page of a book first.",
    )),
    Speaker("bert", Voice("en-gb-scotland", "m7", 48, 60, 155), (
        "The bridge was painted green last summer.",
        "My sister mails me a letter every month.",
        "We heard an owl in the woods behind the house.",
    )),
    Speaker("carl", Voice("en-gb-x-rp", "m3", 42, 60, 160), (
        "There were seven clocks in the little room.",
        "The cook added ginger and a bit of honey.",
        "An old man feeds the pigeons in the square.",
    )),
    Speaker("dave", Voice("en-us", "Denis", 56, 50, 170), (
        "The road goes along the coast for many miles.",
        "She bought a hat and a pair of woollen gloves.",
        "It rained all night, but the morning was clear.",
    )),
    Speaker("earl", Voice("en", "m1", 38, 45, 160), (
        "A red lantern hung above the wooden door.",
        "The school band plays on the lawn at noon.",
        "They moved the piano closer to the window.",
    )),
    Speaker("finn", Voice("en-us", "m4", 62, 60, 160), (
        "I would like a room with a view of the sea.",
        "The farmer counts his sheep before dinner.",
        "Our cat sleeps in the box under the stairs.",
    )),
    Speaker("gwen", Voice("en-us", "f4", 48, 60, 160), (
        "The gardener waters the roses at six o'clock.",
        "We saw a film about whales and small islands.",
        "Her brother keeps bees behind the old barn.",
    )),
    Speaker("hope", Voice("en-gb-x-rp", "Alicia", 52, 55, 165), (
        "The key to the cellar is under the flower pot.",
        "They sang together while they washed the dishes.",
        "A storm took the roof off the little chapel.",
    )),
    Speaker("iris", Voice("en-us-nyc", "grandma", 50, 50, 155), (
        "My shoes were wet when I came home from work.",
        "The painter mixed a darker green for the leaves.",
        "You should try the soup before you add any salt.",
    )),
    Speaker("jane", Voice("en-gb-scotland", "f1", 38, 45, 165), (
        "The lamp on the corner has been broken for weeks.",
        "She wrote the number on the back of her hand.",
        "Our teacher told us a story about a brave dog.",
    )),
    Speaker("kate", Voice("en", "Annie", 40, 65, 155), (
        "He carried the baskets up to the third floor.",
        "The ferry will not sail in such a heavy fog.",
        "I can smell fresh bread from the other street.",
    )),
    Speaker("lucy", Voice("en-us-nyc", "f3", 60, 70, 170), (
        "They planted a row of trees along the canal.",
        "The doctor lives above the shop on the square.",
        "We lost the ball somewhere in the tall grass.",
    )),
    Speaker("greg", Voice("en-us", "m8", 45, 55, 160), (
        "The mayor opened the new bridge on Friday.",
        "I need a longer rope to tie up the boat.",
        "His jacket was hanging on the garden gate.",
    )),
    Speaker("hugh", Voice("en-gb-x-rp", "Alex", 50, 60, 160), (
        "The clock in the hall is ten minutes slow.",
        "She likes her eggs soft and her toast dark.",
        "Six horses were standing in the morning mist.",
    )),
    Speaker("ivan", Voice("en-us-nyc", "Mike", 54, 50, 165), (
        "We followed the path until it reached the road.",
        "A letter for you came with the early mail.",
        "The tailor needs two days to finish the suit.",
    )),
    Speaker("jack", Voice("en-gb-scotland", "m2", 58, 65, 160), (
        "The orchestra plays in the park this weekend.",
        "He forgot his umbrella on the train again.",
        "There is honey and cheese in the kitchen.",
    )),
    Speaker("kurt", Voice("en", "Michael", 40, 55, 155), (
        "The snow had covered every track by noon.",
        "Please hold the ladder while I fix the lamp.",
        "My aunt sells apples and pears at the fair.",
    )),
    Speaker("liam", Voice("en-us-nyc", "m5", 36, 45, 165), (
        "The window looks out on a narrow courtyard.",
        "They told us to wait until the paint is dry.",
        "A small plane flew low across the valley.",
    )),
    Speaker("mary", Voice("en-gb-x-gbclan", "linda", 54, 60, 160), (
        "The postman whistles when he crosses the yard.",
        "We keep the winter coats in a wooden chest.",
        "She picked a handful of plums on the way.",
    )),
    Speaker("nora", Voice("en-gb-x-rp", "f5", 38, 50, 155), (
        "A barge was waiting for the lock to open.",
        "The twins built a tower out of empty boxes.",
        "You will need a lamp if you go down there.",
    )),
    Speaker("olga", Voice("en-us-nyc", "f2", 56, 45, 165), (
        "He polished the brass bell until it shone.",
        "The path was covered with brown pine needles.",
        "I left my gloves on the seat of the tram.",
    )),
    Speaker("rosa", Voice("en-gb-scotland", "f4", 58, 65, 165), (
        "Their new house has a round window upstairs.",
        "The grocer gave her an orange for the road.",
        "A fox ran along the wall and disappeared.",
    )),
    Speaker("mark", Voice("en-gb-x-gbclan", "m3", 56, 55, 160), (
        "The chairs were folded and stacked in a row.",
        "We could hear the sea from the open door.",
        "The gate will be locked at half past eight.",
    )),
    Speaker("neil", Voice("en-gb-x-gbcwmd", "m6", 40, 60, 155), (
        "She taught her parrot to say good morning.",
        "The carpenter measured the shelf three times.",
        "Most of the passengers were already asleep.",
    )),
    Speaker("otto", Voice("en-us", "victor", 52, 50, 165), (
        "There is a bench in the shade of the oak.",
        "He mended the fence before the goats came out.",
        "The captain looked at the sky for a while.",
    )),
    Speaker("paul", Voice("en", "max", 50, 65, 160), (
        "The cheese is made on a farm near the lake.",
        "We met an old friend at the railway station.",
        "Leave the basket by the door when you go.",
    )),
)  # fmt: skip


def clip_of(speaker: Speaker, sentence: int) -> Clip:
    """A sentence of a speaker: 16 kHz, at one peak, with little silence around the words."""
    voice = speaker.voice
    if session(sentence) == "2":
        voice = replace(voice, **{name: getattr(voice, name) + change for name, change in LATER.items()})
    clip = synthesise(speaker.sentences[sentence], voice).resampled(SAMPLE_RATE_HZ)
    level = np.abs(clip.samples) / np.abs(clip.samples).max()
    loud = np.flatnonzero(level > SILENCE)
    start = max(0, int(loud[0]) - int(LEAD_S * SAMPLE_RATE_HZ))
    kept = clip.samples[start : int(loud[-1]) + int(TAIL_S * SAMPLE_RATE_HZ)]
    return Clip(kept * (PEAK / np.abs(kept).max()), SAMPLE_RATE_HZ)


def session(sentence: int) -> str:
    """The session a sentence, counted from 0, was said in."""
    return "1" if sentence < 2 else "2"


def row(speaker: Speaker, sentence: int) -> dict[str, str]:
    """A clip's line in the manifest."""
    return {
        "file": f"{speaker.name}_{sentence + 1}.flac",
        "speaker": speaker.name,
        "sex": speaker.voice.sex,
        "session": session(sentence),
        "language": "English",
        "emotion": "",
        "transcript": speaker.sentences[sentence],
        "licence": LICENCE,
    }


def write(folder: Path) -> None:
    """All clips, as 16-bit FLAC, and manifest.csv into `folder`."""
    import soundfile

    rows = []
    for speaker in SPEAKERS:
        for sentence in range(len(speaker.sentences)):
            rows.append(row(speaker, sentence))
            pcm = np.rint(32767.0 * clip_of(speaker, sentence).samples).astype(np.int16)
            soundfile.write(folder / rows[-1]["file"], pcm, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        lines = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)


if __name__ == "__main__":
    write(HERE)
    sys.exit(0)
