"""Downloads that are stopped or shared, and what becomes of files later, archives among them."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from anonymizers import weights
from anonymizers.base import AnonymizerError
from anonymizers.download import fetch, verify
from anonymizers.weight_lock import DownloadStopped
from anonymizers.weights import WeightFile
from tests.anonymizers import downloading
from tests.anonymizers.downloading import at_once, tell
from tests.anonymizers.hub import Hub, held, status
from tests.anonymizers.weights_here import DATA, published, ref_of, sha256

ROOT = Path(__file__).resolve().parents[2]
server, hub, store = downloading.server, downloading.hub, downloading.store


# stopping, and several at once


def test_stopped_in_the_middle_what_came_is_kept(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub, data=DATA * 10))
    hub.files["model.bin"].steps = [held(1_000_000, threading.Event(), (go_on := threading.Event()))]
    cancelled = threading.Event()

    def progress(fraction: float, _: str) -> None:
        if fraction > 0.4:
            cancelled.set()
            go_on.set()

    with pytest.raises(DownloadStopped, match="The download of Tiny was stopped; what has come is kept"):
        fetch(ref, progress=progress, cancelled=cancelled, means=at_once())
    came = (weights.home(ref) / "model.bin.part").stat().st_size
    assert 0.4 * len(DATA) * 10 <= came < len(DATA) * 10
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == DATA * 10
    assert hub.ranges() == ["", f"bytes={came}-"]


def test_stopped_during_a_pause_nothing_more_is_asked(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    hub.files["model.bin"].steps = [status(503)] * 9
    with pytest.raises(DownloadStopped):
        fetch(ref, cancelled=threading.Event(), means=at_once(pause=lambda cancelled, _: cancelled.set()))
    assert len(hub.asked) == 1


ANOTHER = """
import sys
from anonymizers import download, weights
ref = weights.WeightRef("tiny", "Tiny", "huggingface:us/tiny", "a" * 40,
    (weights.WeightFile("model.bin", sys.argv[1], int(sys.argv[2])),), "MIT")
print(download.fetch(ref, progress=lambda fraction, doing: print(doing, flush=True)))
"""


def test_two_processes_fetch_once(hub: Hub, store: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()
    ref = ref_of(published(hub, sha256=""))
    hub.files["model.bin"].steps = [held(1000, asked, go_on)]
    command = [sys.executable, "-c", ANOTHER, ref.files[0].url, str(len(DATA))]
    here: list[Path] = []
    first = threading.Thread(target=lambda: here.append(fetch(ref, means=at_once())))
    first.start()
    assert asked.wait(60)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "Tiny: another process fetches it\n"
        go_on.set()
        last = other.stdout.read().splitlines()[-1]
    first.join()
    assert other.returncode == 0
    assert here == [Path(last)] == [weights.home(ref)]
    assert len(hub.asked) == 1


def test_waiting_for_another_process_can_be_stopped(hub: Hub, store: Path) -> None:
    from filelock import FileLock

    ref = ref_of(published(hub))
    cancelled = threading.Event()
    (store / ".locks").mkdir(parents=True)
    with FileLock(store / ".locks" / "tiny.lock"), pytest.raises(DownloadStopped):
        fetch(ref, progress=lambda *_: cancelled.set(), cancelled=cancelled, means=at_once())
    assert hub.asked == []


# what happens to files later


def test_a_truncated_file_is_named_removed_and_fetched_again(hub: Hub, store: Path) -> None:
    for size in (len(DATA), 0):  # known from the publisher, or from the record alone
        ref = ref_of(published(hub, bytes=size))
        path = fetch(ref, means=at_once()) / "model.bin"
        path.write_bytes(DATA[:1000])
        assert weights.located(ref) is None
        told: list[tuple[float, str]] = []
        fetch(ref, progress=tell(told), means=at_once())
        assert "model.bin was cut short (1,000 bytes, where 204,800 were expected)" in told[0][1]
        assert path.read_bytes() == DATA


def test_a_changed_file_is_named_removed_and_fetched_again(hub: Hub, store: Path) -> None:
    for sha in (sha256(DATA), ""):  # known from the publisher, or from the record alone
        ref = ref_of(published(hub, sha256=sha))
        path = fetch(ref, means=at_once()) / "model.bin"
        path.write_bytes(DATA[::-1])
        told: list[tuple[float, str]] = []
        fetch(ref, progress=tell(told), means=at_once())
        assert "Tiny: model.bin has changed since it came, so it is fetched again" in [doing for _, doing in told]
        assert path.read_bytes() == DATA


def test_a_file_is_read_in_full_once_unless_it_changes(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    by_hand = weights.home(ref)
    by_hand.mkdir(parents=True)
    (by_hand / "model.bin").write_bytes(DATA)
    told: list[tuple[float, str]] = []
    for thorough, times in ((False, 1), (False, 1), (True, 2)):
        assert fetch(ref, progress=tell(told), thorough=thorough, means=at_once()) == by_hand
        assert [doing for _, doing in told] == ["Tiny: checking model.bin"] * times
    assert hub.asked == []


def test_another_file_put_there_by_hand_is_named_and_left(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    path = weights.home(ref) / "model.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA[::-1])
    with pytest.raises(AnonymizerError, match=r"model\.bin: the file that us/tiny published was expected.*delete it"):
        fetch(ref, means=at_once())
    with pytest.raises(AnonymizerError, match="delete it"):
        verify(ref)
    assert path.read_bytes() == DATA[::-1]


def test_verify_finds_what_size_and_date_hide(hub: Hub, store: Path) -> None:
    import os

    ref = ref_of(published(hub))
    path = fetch(ref, means=at_once()) / "model.bin"
    assert verify(ref) == path.parent
    before = path.stat()
    path.write_bytes(DATA[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fetch(ref, means=at_once()) == path.parent
    with pytest.raises(AnonymizerError, match=r"another is there, so it was removed: fetch it again\."):
        verify(ref)
    assert weights.located(ref) is None
    with pytest.raises(AnonymizerError, match="not here"):
        verify(ref)


def test_a_damaged_file_in_the_publishers_cache_is_left_alone(hub: Hub, store: Path, tmp_path: Path) -> None:
    ref = ref_of(published(hub))
    snapshot = tmp_path / "hub" / "models--us--tiny" / "snapshots" / ref.revision
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(DATA)
    assert fetch(ref, means=at_once()) == snapshot
    (snapshot / "model.bin").write_bytes(DATA[::-1])
    with pytest.raises(AnonymizerError, match="delete it, and it is fetched again"):
        fetch(ref, means=at_once())
    (snapshot / "model.bin").write_bytes(DATA[:10])  # one that is cut short is passed by
    assert fetch(ref, means=at_once()) == store / "us" / "tiny"
    assert (snapshot / "model.bin").read_bytes() == DATA[:10]


# archives


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("listed", [True, False])
def test_an_archive_is_unpacked_and_goes(hub: Hub, store: Path, listed: bool) -> None:
    members = (WeightFile("checkpoints/a.pt" if listed else "checkpoints/", ""),)
    data = zipped({"checkpoints/a.pt": b"a" * 1000, "checkpoints/b.pt": b"b", "c.pt": b"c"})
    ref = ref_of(published(hub, "all.zip", data), *members, loader="archive", source="github:us/tiny")
    folder = fetch(ref, means=at_once())
    assert weights.located(ref) == folder == store / "us" / "tiny"
    assert weights.path_of(ref, "checkpoints/a.pt").read_bytes() == b"a" * 1000
    assert not (folder / "all.zip").exists()
    assert ref.bytes == len(data)
    assert not (folder / "c.pt").exists()  # what is not needed takes no room
    assert (folder / "checkpoints" / "b.pt").exists() is not listed
    assert weights.size_bytes(ref) == (1000 if listed else 1001)
    if listed:
        (folder / "checkpoints" / "a.pt").write_bytes(b"a")  # cut short
    else:
        (folder / "all.zip.unpacking").mkdir()  # an unpacking that was ended
    assert weights.located(ref) is None
    fetch(ref, means=at_once())
    assert len(hub.asked) == 2
    assert weights.delete(ref) >= 1000
    assert not list(store.rglob("*.pt"))


def test_an_archive_put_there_by_hand_is_unpacked_offline(
    hub: Hub, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    data = zipped({"a.pt": b"a"})
    ref = ref_of(published(hub, "all.zip", data), WeightFile("a.pt", ""), loader="archive")
    weights.home(ref).mkdir(parents=True)
    (weights.home(ref) / "all.zip").write_bytes(data)
    assert (fetch(ref, means=at_once()) / "a.pt").read_bytes() == b"a"
    assert hub.asked == []


def test_an_archive_that_leads_out_of_its_folder_is_refused_and_removed(hub: Hub, store: Path) -> None:
    data = zipped({"good.pt": b"a", "../../evil.pt": b"b"})
    ref = ref_of(published(hub, "all.zip", data), WeightFile("good.pt", ""), loader="archive")
    with pytest.raises(
        AnonymizerError, match=r"'\.\./\.\./evil\.pt' leads out of its folder: nothing of it was unpacked"
    ):
        fetch(ref, means=at_once())
    assert not list(store.rglob("*.pt"))
    assert not (weights.home(ref) / "all.zip").exists()


def test_an_archive_without_what_is_needed(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub, "all.zip", zipped({"b.pt": b"b"})), WeightFile("a.pt", ""), loader="archive")
    with pytest.raises(AnonymizerError, match=r"Tiny was fetched, but a\.pt was not in it"):
        fetch(ref, means=at_once())
