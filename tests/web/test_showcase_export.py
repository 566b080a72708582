"""The gallery as a folder: complete, of this project's own code alone, with a record of every sound."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.web.small_galleries import rendered, written
from web.showcase import export
from web.showcase.bundle import UI, BundleError, bundle
from web.showcase.gallery import GalleryError

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "http://www.w3.org/2000/svg"
"""A name, not an address: nothing is fetched from it."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    title = "</script><b>& voices"
    return rendered(written(tmp_path_factory.mktemp("gallery"), per_group=1, title=title), tmp_path_factory.mktemp("s"))


@pytest.fixture
def folder(done: Any, tmp_path: Path) -> Path:
    export.write(done, tmp_path / "out")
    return tmp_path / "out"


def test_every_file_the_page_names_is_there_and_nothing_elsewhere_is_named(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    links = [link for link in re.findall(r'(?:href|src)="([^"]+)"', page) if not link.startswith("data:")]
    assert {"showcase.js", "gallery.json", "components.css"} <= set(links)
    assert [link for link in links if not (folder / link).exists()] == []
    code = [path for path in folder.iterdir() if path.suffix in {".html", ".js", ".css"}]
    assert len(code) == 5
    for path in code:
        assert not re.search(r"(?:https?:)?//\w", path.read_text().replace(NAMESPACE, "").replace("// ", "")), path.name


def test_every_sound_lies_there_twice_and_is_recorded(folder: Path, done: Any) -> None:
    record = json.loads((folder / "gallery.json").read_text())
    assert len(record["sounds"]) == len(done.sounds) == 6
    for entry in record["sounds"]:
        wav = (folder / entry["file"]).read_bytes()
        assert wav[:4] == b"RIFF"
        script = (folder / entry["file"]).with_suffix(".js").read_text()
        name, data = re.fullmatch(r'voiceveilSound\("([^"]+)","([^"]+)"\);\n', script).groups()
        assert (name, base64.b64decode(data)) == (entry["file"], wav)
        assert {"params", "seed", "level", "gain_db", "samples_sha256"} <= set(entry)
    assert len(list((folder / "sounds").iterdir())) == 12


def test_no_text_of_the_gallery_can_end_the_element_it_stands_in(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    assert "</script><b>" not in page
    (data,) = re.findall(r'<script type="application/json" id="gallery">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["title"] == "</script><b>& voices"


def test_the_same_gallery_again_is_the_same_folder(folder: Path, done: Any) -> None:
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "sounds" / "old.wav").write_bytes(b"")
    export.write(done, folder)
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_folder_of_other_things_is_left_alone(done: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(GalleryError, match="holds other things"):
        export.write(done, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(GalleryError, match="cannot be written"):
        export.write(done, tmp_path / "thesis.txt")


def test_the_zip_holds_the_folder(done: Any, folder: Path, tmp_path: Path) -> None:
    export.zipped(done, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        files = {name for name in archive.namelist() if not name.endswith("/")}
    assert files == {f"showcase/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()}


# -- the modules as one script --------------------------------------------------------------------------------------


def test_the_script_holds_each_module_once_after_those_it_needs() -> None:
    text = bundle("showcase_static.mjs")
    names = re.findall(r'^modules\["([\w.]+)"\] = ', text, re.MULTILINE)
    assert names[-1] == "showcase_static.mjs"
    assert len(names) == len(set(names))
    assert names.index("dom.mjs") < names.index("sounds.mjs") < names.index("showcase.mjs")
    assert {"mixer.mjs", "keys.mjs"} <= set(names)
    assert "import.meta" not in text


@pytest.mark.parametrize(
    "line",
    [
        'import * as all from "./b.mjs";',
        'import "./b.mjs";',
        "export default 1;",
        "export { a };",
        'import("./b.mjs");',
    ],
)
def test_a_form_it_does_not_know_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.mjs").write_text(f"{line}\n")
    (tmp_path / "b.mjs").write_text("export const b = 1;\n")
    with pytest.raises(BundleError, match=r"a\.mjs"):
        bundle("a.mjs", tmp_path)


def test_names_are_taken_over_and_circles_and_gaps_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mjs").write_text('import { b as c } from "./b.mjs";\nconsole.log(c);\n')
    (tmp_path / "b.mjs").write_text("export const b = 1;\n")
    assert 'const { b: c } = modules["b.mjs"];' in bundle("a.mjs", tmp_path)
    (tmp_path / "b.mjs").write_text('import { a } from "./a.mjs";\n')
    with pytest.raises(BundleError, match=r"a\.mjs -> b\.mjs -> a\.mjs"):
        bundle("a.mjs", tmp_path)
    with pytest.raises(BundleError, match="cannot be read"):
        bundle("z.mjs", UI)


# -- the command ----------------------------------------------------------------------------------------------------


def test_the_command_exports_without_gradio(tmp_path: Path) -> None:
    gallery = written(tmp_path, per_group=1, systems=["mcadams"])
    code = (
        "import sys\nfrom web.showcase.__main__ import main\n"
        "if __name__ == '__main__':\n"
        " status = main(sys.argv[1:])\n print(sorted({'gradio', 'sqlalchemy', 'torch'} & set(sys.modules)), status)"
    )
    (tmp_path / "run.py").write_text(code)
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", "export", tmp_path / "out", "--gallery", gallery, "--data", tmp_path],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[] 0"
    assert "4 sounds" in done.stdout
    assert (tmp_path / "out" / "index.html").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from web.showcase.__main__ import main

    assert main(["export", str(tmp_path / "out"), "--gallery", str(tmp_path / "none.yaml")]) == 1
    assert "A gallery was expected at" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as ended:
        main(["export"])
    assert ended.value.code == 2
