"""Archives: nothing lands outside, nothing half unpacked is left."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import archives
from anonymizers.archives import ArchiveError, unpack


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tar_of(path: Path, files: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            one = tarfile.TarInfo(name)
            one.size = len(data)
            archive.addfile(one, io.BytesIO(data))
        for one in others:
            archive.addfile(one)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.type, one.linkname = kind, target
    return one


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_everything_arrives(tmp_path: Path, make: Any) -> None:
    files = {"a.pt": b"a" * 3_000_000, "deep/er/b.pt": b"b", "empty.txt": b""}
    archive = make(tmp_path / "all", files)
    sizes = unpack(archive, tmp_path / "out")
    assert sizes == {name: len(data) for name, data in files.items()}
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files
    assert unpack(archive, tmp_path / "some", only=["deep/er/b.pt"]) == {"deep/er/b.pt": 1}
    assert left(tmp_path / "some") == ["deep/er/b.pt"]


def test_folders_are_no_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/a", b"a")
    assert unpack(tmp_path / "all.zip", tmp_path / "out") == {"folder/a": 1}
    tar_of(tmp_path / "all.tgz", {"folder/a": b"a"}, special("folder", tarfile.DIRTYPE))
    assert unpack(tmp_path / "all.tgz", tmp_path / "out") == {"folder/a": 1}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil", "a\\..\\evil", "C:/evil", ".."])
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_paths_that_lead_out_are_refused(tmp_path: Path, make: Any, name: str) -> None:
    (tmp_path / "in").mkdir()
    archive = make(tmp_path / "in" / "all", {"a": b"a", name: b"b"})
    with pytest.raises(ArchiveError, match=r"all: an archive of weights was expected, but .* leads out of its folder"):
        unpack(archive, tmp_path / "in" / "out")
    assert left(tmp_path) == ["in/all"]
    with pytest.raises(ArchiveError):
        unpack(archive, tmp_path / "in" / "out", only=["a"])  # also if nobody wants it


@given(name=st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text and "/" not in text[-1:]))
def test_no_name_lands_outside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        archive = zip_of(folder / "all.zip", {f"{name}": b"x"})
    except (UnicodeEncodeError, ValueError):
        return  # no such archive can be made
    (folder / "store").mkdir()
    try:
        unpack(archive, folder / "store" / "out")
    except (ArchiveError, OSError):
        assert left(folder) == ["all.zip"]
    else:
        assert len(left(folder / "store" / "out")) == 1


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = tar_of(tmp_path / "all.tar.gz", {"a": b"a"}, special("link", kind, "/etc/passwd"))
    with pytest.raises(ArchiveError, match="'link' is a link or a device: nothing of it was unpacked"):
        unpack(archive, tmp_path / "out")
    assert left(tmp_path) == ["all.tar.gz"]


def test_links_in_zips_are_refused(tmp_path: Path) -> None:
    one = zipfile.ZipInfo("link")
    one.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(one, "/etc/passwd")
    with pytest.raises(ArchiveError, match="is a link or a device"):
        unpack(tmp_path / "all.zip", tmp_path / "out")


def test_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_of(tmp_path / "all.zip", {"a": b"\0" * 1_000_000})
    assert bomb.stat().st_size < 10_000
    monkeypatch.setattr(archives, "MOST_BYTES", 999_999)
    with pytest.raises(ArchiveError, match="it holds far more than weights"):
        unpack(bomb, tmp_path / "out")
    monkeypatch.setattr(archives, "MOST_FILES", 1)
    with pytest.raises(ArchiveError, match="it holds far more than weights"):
        unpack(zip_of(tmp_path / "many.zip", {"a": b"", "b": b""}), tmp_path / "out")


def test_the_room_is_asked_for_first(tmp_path: Path) -> None:
    def none(needed: int) -> None:
        raise ArchiveError(f"{needed} bytes")

    with pytest.raises(ArchiveError, match=r"^5 bytes"):
        unpack(zip_of(tmp_path / "all.zip", {"a": b"aaa", "b": b"bb"}), tmp_path / "out", none)
    assert left(tmp_path) == ["all.zip"]


@pytest.mark.parametrize("make", [zip_of, tar_of])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_archive_leaves_nothing(tmp_path: Path, make: Any, share: float) -> None:
    import random

    files = {"a": random.Random(0).randbytes(50_000), "b": random.Random(1).randbytes(50_000)}
    archive = make(tmp_path / "all", files)
    data = archive.read_bytes()
    archive.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ArchiveError, match=r"all: a \.zip or \.tar\.gz was expected, but it is damaged"):
        unpack(archive, tmp_path / "out")
    assert left(tmp_path) == ["all"]


def test_a_damaged_member_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a", b"a" * 1000)
        made.writestr("b", b"b" * 1000)
    archive.write_bytes(archive.read_bytes().replace(b"b" * 500, b"c" * 500, 1))
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(archive, tmp_path / "out")
    assert left(tmp_path) == ["all.zip"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, None])
def test_wrong_bytes_in_the_middle_leave_nothing(tmp_path: Path, method: int | None) -> None:
    data = bytes(i * i % 251 for i in range(60_000))
    archive = tar_of(tmp_path / "all", {"a": data})
    if method is not None:
        with zipfile.ZipFile(archive, "w", method) as made:
            made.writestr("a", data)
    raw = archive.read_bytes()
    for place in range(60, len(raw) - 120, max(1, (len(raw) - 180) // 20)):
        archive.write_bytes(raw[:place] + bytes(byte ^ 0xFF for byte in raw[place : place + 8]) + raw[place + 8 :])
        with pytest.raises(ArchiveError, match="damaged"):
            unpack(archive, tmp_path / "out")
        assert left(tmp_path) == ["all"]


def test_what_was_left_of_an_earlier_try_is_cleared(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "all.zip", {"a": b"a"})
    (tmp_path / "out" / "all.zip.unpacking").mkdir(parents=True)
    (tmp_path / "out" / "all.zip.unpacking" / "a").write_bytes(b"half")
    unpack(archive, tmp_path / "out")
    assert left(tmp_path / "out") == ["a"]
    assert (tmp_path / "out" / "a").read_bytes() == b"a"
