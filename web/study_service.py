"""What the owner's pages do with studies: make, check, render in the background, open, close, delete. No HTTP here."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listening_test.store_records import StoreError, StoreUnavailable
from listening_test.study import Study, StudyError
from web import study_uploads
from web.study_renders import Renders

if TYPE_CHECKING:
    from listening_test.check import Finding
    from listening_test.store import Store
    from listening_test.store_records import StudyInfo

EXAMPLES = Path(__file__).resolve().parents[1] / "assets" / "studies"
DEMO = "demo"
EDITABLE = ("draft", "ready")


class StudyService:
    """Studies of the store, their voices in `home`.

    Args:
        store: where studies are.
        call: call(function, *args) runs a function in another process and returns what it returns.
        home: the data folder; uploaded voices go to studies/ below it.
        file_bytes: largest clip that may be uploaded.
        examples: a folder of studies to start from; the voices they name may be used by any study.
    """

    def __init__(
        self, store: Store, call: Callable[..., Any], home: Path, *, file_bytes: int, examples: Path = EXAMPLES
    ) -> None:
        self.store, self.renders = store, Renders(store, call, self.reader)
        self._call, self._home, self._examples = call, home.resolve(), examples
        self._limits = study_uploads.Limits(file_bytes)

    def examples(self) -> dict[str, str]:
        """Name and YAML text of the studies to start from."""
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(self._examples.glob("*.yaml"))}

    def save(self, text: str, uploads: Sequence[Path] = ()) -> StudyInfo:
        """Make a study of a YAML text: a new one, a change of one not opened yet, or else its next version.

        Uploaded voices go where the text's `clips` says. Without uploads, voices uploaded for this study before are
        used, or those of the examples.

        Raises:
            StudyError: if the text is no study, or names voices elsewhere.
        """
        from listening_test.yaml_file import parse_study

        study = parse_study(text)
        before = self.store.find(study.name)
        changed = before is not None and before.state in EDITABLE
        if before is not None and before.state == "rendering" and self.renders.is_running(before.id):
            raise StudyError(f"{study.name} is being rendered: stop that, or wait, then save again.")
        folder = self._place(study, before.folder if before else None, uploads)
        if before is not None and (changed or before.state == "rendering"):
            return self.store.update_study(before.id, study, text, folder)
        return self.store.add_study(study, text, folder)

    def check(self, study_id: int) -> list[Finding]:
        """What is wrong with a study or worth knowing, read in another process.

        Raises:
            StudyError: if its clips cannot be read.
        """
        from listening_test import check

        info = self.store.study(study_id)
        found = self._call(self.reader(info), info.study, info.folder)
        return self._call(check.check, info.study, found)

    def forecast(self, study_id: int) -> str:
        """What a feasible study will be able to show, as HTML, computed in another process.

        Raises:
            StudyError: if its clips cannot be read.
        """
        from web import study_power

        info = self.store.study(study_id)
        return self._call(study_power.panel, info.study, self._call(self.reader(info), info.study, info.folder))

    def reader(self, info: StudyInfo) -> Callable[..., Any]:
        """clips.read for a study: a manifest that was uploaded, or is shipped, names no file elsewhere."""
        from listening_test import clips

        found = (info.folder / _clips_path(info.study)).resolve()
        uploaded, shipped = self._home / "studies", self._examples.resolve()
        if found.is_relative_to(uploaded):
            return partial(clips.read, inside=uploaded.joinpath(*found.relative_to(uploaded).parts[:1]))
        return partial(clips.read, inside=shipped) if found.is_relative_to(shipped) else clips.read

    def render(self, study_id: int) -> None:
        """Start to render what a study lacks, in the background: see `renders`.

        Raises:
            StudyError: if it has been opened: what listeners hear is frozen.
        """
        info = self.store.study(study_id)
        if info.state in ("open", "closed"):
            raise StudyError(f"{info.name} is {info.state}: its sounds are frozen. Save a new version to change them.")
        self.renders.start(study_id)

    def open(self, study_id: int) -> str:
        """Freeze a rendered study and let listeners in; the store refuses one that is not rendered.

        Returns the private half of the payment key where this server had none yet, else "": to be shown once.
        """
        from listening_test.study import digest

        info = self.store.study(study_id)
        self.store.open_study(study_id, digest(info.study, info.clips))
        try:
            return self.store.make_payment_key()
        except StoreUnavailable:
            raise
        except StoreError:  # there is one
            return ""

    def close(self, study_id: int) -> StudyInfo:
        """Let nobody in any more."""
        self.store.close_study(study_id)
        return self.store.study(study_id)

    def delete(self, study_id: int, typed: str) -> None:
        """Delete a study with every answer, and its voices unless another version uses them.

        Raises:
            StudyError: if `typed` is not its name: what is deleted is gone.
        """
        info = self.store.study(study_id)
        if typed.strip() != info.name:
            raise StudyError(f"To delete this study with all its answers, type its name: {info.name}.")
        self.renders.stop(study_id, wait=True)
        self.store.delete_study(study_id)
        used = {other.folder for other in self.store.studies()}
        if info.folder not in used and info.folder.is_relative_to(self._home / "studies"):
            shutil.rmtree(info.folder, ignore_errors=True)

    def _place(self, study: Study, before: Path | None, uploads: Sequence[Path]) -> Path:
        """The folder that relative paths start from, after putting uploaded voices into it."""
        if not uploads:
            folder = before if before is not None else self._examples
            self._check_place(_clips_path(study), folder)
            return folder
        where = study.clips.folder or study.clips.manifest.parent  # type: ignore[union-attr]
        if where.is_absolute() or ".." in where.parts or where == Path():
            raise StudyError(
                f"clips: for uploaded voices a folder of their own was expected, such as voices/manifest.csv or "
                f"voices, but {_clips_path(study)} came: change it in the file."
            )
        folder = self._home / "studies" / f"{study.name}-{secrets.token_hex(4)}"
        try:
            names = study_uploads.put(uploads, folder / where, self._limits)
            self._check_manifest(study, names)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def _check_manifest(self, study: Study, names: Sequence[str]) -> None:
        manifest = study.clips.manifest
        if manifest is not None and manifest.name not in names:
            raise StudyError(
                f"clips: {manifest.name} was expected among the uploaded files, since the study names it, but it is "
                "not there: upload it too, or name a folder instead (clips: {folder: voices})."
            )

    def _check_place(self, path: Path, folder: Path) -> None:
        found = (folder / path).resolve()
        if not any(found.is_relative_to(home) for home in (self._home, self._examples.resolve(), folder.resolve())):
            raise StudyError(
                f"clips: voices that were uploaded, that are shipped, or that lie in the data folder were expected, "
                f"but {path} came: upload them here, or register the study with python -m listening_test render."
            )


def _clips_path(study: Study) -> Path:
    path = study.clips.manifest or study.clips.folder
    return path if path is not None else Path()


def slug(title: str) -> str:
    """A study's name made from a title: small letters, digits and hyphens, at most 60."""
    text = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return text[:60].strip("-") or "my-study"
