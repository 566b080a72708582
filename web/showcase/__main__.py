"""python -m web.showcase export"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anonymizers.workers import Workers
from web.showcase import export, gallery_file
from web.showcase.gallery import GalleryError
from web.showcase.rendering import Rendering
from web.showcase.sounds import Shelf

EXAMPLE = "example: python -m web.showcase export public/showcase --gallery my_gallery/showcase.yaml --jobs 2"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main = argparse.ArgumentParser(prog="python -m web.showcase", description="The gallery.", epilog=EXAMPLE)
    commands = main.add_subparsers(dest="command", required=True)
    words = "write the gallery as a folder for any web space (HTML and sounds, no server)"
    one = commands.add_parser("export", help=words, description=words[0].upper() + words[1:] + ".", epilog=EXAMPLE)
    one.add_argument("out", type=Path, metavar="OUT", help="the folder: new, empty, or exported before")
    one.add_argument(
        "--gallery", type=Path, metavar="FILE",
        help="a gallery (default: VOICEVEIL_SHOWCASE, showcase.yaml in the data folder, else the shipped one)",
    )  # fmt: skip
    one.add_argument("--data", type=Path, metavar="DIR", help="where made sounds are kept (default: VOICEVEIL_DATA)")
    one.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes (default: 1)")
    return main


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"a number of processes from 1 to 256 was expected, but {text!r} came")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0; 1 if there is no gallery, or a sound of it could not be made; 2 for a wrong command."""
    args = parser().parse_args(arguments)
    data = args.data or Path(os.environ.get("VOICEVEIL_DATA", "data"))
    try:
        gallery = gallery_file.load(args.gallery or gallery_file.chosen(os.environ.get("VOICEVEIL_SHOWCASE", ""), data))
        with Workers(args.jobs) as workers:
            rendering = Rendering(gallery, Shelf(data / "showcase"), workers.call, args.jobs)
            with _counting(len(rendering.sounds)) as count:
                for _ in rendering.run():
                    count(rendering.done)
        export.write(rendering, args.out)
    except GalleryError as error:
        print(error, file=sys.stderr)
        return 1
    failed = [one for one in rendering.sounds if one.state == "failed"]
    print(f"{args.out / 'index.html'}: {len(rendering.sounds) - len(failed)} sounds")
    for one in failed:
        print(f"{one.cell.row.path.name}, {one.cell.column.name}: {one.problem}", file=sys.stderr)
    return 1 if failed else 0


@contextmanager
def _counting(of: int) -> Iterator:
    """A line that counts on a terminal, nothing in a pipe."""
    shown = sys.stderr.isatty()

    def count(done: int) -> None:
        if shown:
            print(f"\r{done} of {of} sounds", end="", file=sys.stderr, flush=True)

    yield count
    if shown:
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
