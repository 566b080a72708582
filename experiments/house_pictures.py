"""Spectrograms of one clip and of what systems make of it, one below the other, on one scale.

python -m experiments.house_pictures CLIP --systems house,house-knn,house-stream,mcadams --out docs/house.png
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from anonymizers import registry, runner
from audio.clip import Clip, decode
from audio.spectrogram import scale_db, spectrogram_png

WIDTH_PX, HEIGHT_PX, MARGIN_PX, TITLE_PX = 760, 120, 8, 20
INK, PAPER = "#222222", "#ffffff"


def drawn(clips: Sequence[tuple[str, Clip]]) -> bytes:
    """A PNG: a title and a spectrogram (0 to 8 kHz) for each clip; the colours' scale is the first one's."""
    from PIL import Image, ImageDraw, ImageFont

    floor_db, ceiling_db = scale_db(clips[0][1])
    row_px = TITLE_PX + HEIGHT_PX + MARGIN_PX
    page = Image.new("RGB", (WIDTH_PX + 2 * MARGIN_PX, len(clips) * row_px + MARGIN_PX), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for place, (title, clip) in enumerate(clips):
        top = MARGIN_PX + place * row_px
        pen.text((MARGIN_PX, top), title, fill=INK, font=font)
        png = spectrogram_png(
            clip, width_px=WIDTH_PX, height_px=HEIGHT_PX, floor_db=floor_db, ceiling_db=ceiling_db
        )  # fmt: skip
        page.paste(Image.open(io.BytesIO(png)).convert("RGB"), (MARGIN_PX, top + TITLE_PX))
    file = io.BytesIO()
    page.quantize(32).save(file, "PNG", optimize=True)
    return file.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Draw it."""
    made = argparse.ArgumentParser(prog="python -m experiments.house_pictures")
    made.add_argument("clip", type=Path)
    made.add_argument("--systems", default="house,house-knn,house-stream,mcadams,pitch-formant")
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--seconds", type=float, default=5.0, help="from the start (default: 5)")
    made.add_argument("--seed", type=int, default=0)
    options = made.parse_args(argv)
    clip = decode(options.clip.read_bytes()).clip
    clip = Clip(clip.samples[: round(options.seconds * clip.sample_rate)], clip.sample_rate)
    keys = options.systems.split(",")
    through = [(registry.info(key).title, runner.run(clip, key, seed=options.seed).clip) for key in keys]
    options.out.write_bytes(drawn([("Original", clip), *through]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
