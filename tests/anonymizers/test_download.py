"""The downloader against a local server that misbehaves in every way servers, networks and disks do."""

from __future__ import annotations

import errno
import io
import json
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from anonymizers import download, licences, weights
from anonymizers.base import AnonymizerError
from anonymizers.download import MARGIN_BYTES, fetch
from anonymizers.weight_records import Record
from anonymizers.weights import WeightFile
from tests.anonymizers import downloading
from tests.anonymizers.downloading import at_once, home, tell
from tests.anonymizers.hub import Hub, Served, cut, held, redirect, status, web_page, whole, without_length
from tests.anonymizers.weights_here import DATA, bare_machine, published, ref_of, sha256

Usage = namedtuple("Usage", "total used free")
server, hub, store = downloading.server, downloading.hub, downloading.store


# what goes right


def test_files_come_once_with_progress_and_a_record(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub), published(hub, "sub/labels.txt", b"a\n", sha256="", bytes=0))
    told: list[tuple[float, str]] = []
    folder = fetch(ref, progress=tell(told), means=at_once())
    assert folder == store / "us" / "tiny" == weights.located(ref)
    assert (folder / "model.bin").read_bytes() == DATA
    assert (folder / "sub" / "labels.txt").read_bytes() == b"a\n"
    assert home(ref) == ["labels.txt", "labels.txt.fetched.json", "model.bin", "model.bin.fetched.json"]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[-2:] == [(pytest.approx(1.0, abs=1e-4), "Tiny: 0.2 of 0.2 MB"), (1.0, "Tiny: here")]
    record = Record.read(folder, "model.bin")
    assert record is not None
    assert (record.bytes, record.sha256, record.url) == (len(DATA), sha256(DATA), hub.url("model.bin"))
    assert record.utc == "2026-01-01T12:00:00+00:00"
    assert fetch(ref, means=at_once()) == folder
    assert len(hub.asked) == 2


def test_progress_names_the_megabytes_of_the_whole(store: Path) -> None:
    ref = ref_of(
        WeightFile("a", "http://x", 1_000_000_000), WeightFile("b", "http://y", 261_965_425), title="WavLM Large"
    )
    told: list[tuple[float, str]] = []
    report = download._report(ref, 0, tell(told))
    for here in (0, 312_000_000, 312_000_001, 1_000_000_000):
        report(here, 1_000_000_000)
    assert [doing for _, doing in told] == [f"WavLM Large: {mb} of 1,262 MB" for mb in ("0", "312", "1,000")]
    assert told[1][0] == pytest.approx(312_000_000 / 1_261_965_425)


def test_a_size_nobody_knows_is_counted_without_a_whole(hub: Hub, store: Path) -> None:
    file = published(hub, sha256="", bytes=0)
    hub.files["model.bin"].steps = [without_length(DATA)]
    told: list[tuple[float, str]] = []
    assert (fetch(ref_of(file), progress=tell(told), means=at_once()) / "model.bin").read_bytes() == DATA
    assert told[-2] == (0.0, "Tiny: 0.2 MB")


def test_cut_off_in_the_middle_it_goes_on_from_there(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    hub.files["model.bin"].steps = [cut(100_000), cut(50_000)]
    pauses: list[float] = []
    folder = fetch(ref, means=at_once(pause=lambda _, seconds: pauses.append(seconds)))
    assert (folder / "model.bin").read_bytes() == DATA
    assert hub.ranges() == ["", "bytes=100000-", "bytes=150000-"]
    assert [headers.get("if-range") for _, headers in hub.asked] == [None, '"1"', '"1"']
    assert pauses == [1.0, 1.0]  # each time something came, so nothing is in vain


def test_what_an_earlier_run_left_is_used(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub, sha256=""))
    hub.files["model.bin"].steps = [cut(70_000)]
    with pytest.raises(AnonymizerError, match=r"cut off.*or put model\.bin from .* into .* by hand"):
        fetch(ref, means=at_once(most_tries=1))
    assert home(ref) == ["model.bin.part", "model.bin.part.json"]
    assert weights.to_come_bytes((ref,)) == len(DATA) - 70_000
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == DATA
    assert hub.ranges() == ["", "bytes=70000-"]


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_without_a_word_for_the_version_only_a_known_digest_lets_it_go_on(hub: Hub, store: Path, etag: str) -> None:
    for sha, ranges in (("", ["", ""]), (sha256(DATA), ["", "bytes=70000-"])):
        hub.asked.clear()
        ref = ref_of(published(hub, sha256=sha), id=f"tiny-{bool(sha)}", source=f"huggingface:us/{bool(sha)}")
        hub.files["model.bin"].etag = etag
        hub.files["model.bin"].steps = [cut(70_000)]
        assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == DATA
        assert hub.ranges() == ranges


def test_a_server_that_ignores_range_sends_it_all_again(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    hub.files["model.bin"].steps = [cut(100_000), whole]
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == DATA
    assert hub.ranges() == ["", "bytes=100000-"]


def test_a_file_that_changed_meanwhile_begins_anew(hub: Hub, store: Path) -> None:
    other = DATA[::-1]
    ref = ref_of(published(hub, sha256=""))

    def changed(handler: Any, served: Served) -> None:
        served.data, served.etag = other, '"2"'
        whole(handler, served)

    hub.files["model.bin"].steps = [cut(100_000), changed]
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == other


def test_a_rest_of_another_version_is_not_glued(hub: Hub, store: Path) -> None:
    """A server that knows Range, but not If-Range."""
    other = DATA[::-1]
    ref = ref_of(published(hub, sha256=""))

    def careless(handler: Any, served: Served) -> None:
        served.data, served.etag = other, '"2"'
        handler.headers.replace_header("If-Range", '"2"')
        from tests.anonymizers.hub import send

        send(handler, served)

    hub.files["model.bin"].steps = [cut(100_000), careless]
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == other
    assert hub.ranges() == ["", "bytes=100000-", ""]


def test_a_glued_file_with_the_wrong_digest_begins_anew(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    part = weights.home(ref) / "model.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    part.with_name("model.bin.part.json").write_text(json.dumps({"url": ref.files[0].url, "validator": '"1"'}))
    assert (fetch(ref, means=at_once()) / "model.bin").read_bytes() == DATA
    assert hub.ranges() == ["bytes=1000-", ""]


def test_busy_then_ready_and_as_long_as_the_server_says(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    hub.files["model.bin"].steps = [status(503, Retry_After="7"), status(429)]
    pauses: list[float] = []
    fetch(ref, means=at_once(pause=lambda _, seconds: pauses.append(seconds)))
    assert pauses == [7.0, 2.0]


def test_redirects_are_followed_and_hugging_faces_digest_is_believed(hub: Hub, store: Path) -> None:
    file = published(hub, sha256="", bytes=0)
    hub.files["big"] = Served(DATA, etag='"of the store"')
    hub.files["model.bin"].steps = [redirect(hub.url("big"), X_Linked_ETag=f'"{sha256(DATA)}"')] * 2
    hub.files["big"].steps = [cut(100_000)]
    assert (fetch(ref_of(file), means=at_once()) / "model.bin").read_bytes() == DATA
    assert [headers.get("if-range") for _, headers in hub.asked] == [None, None, '"of the store"', '"of the store"']
    hub.files["model.bin"].steps = [redirect(hub.url("big"), X_Linked_ETag=f'"{sha256(b"other")}"')]
    with pytest.raises(AnonymizerError, match=f"another file came.*{sha256(b'other')[:12]}… was expected"):
        fetch(ref_of(file, id="tiny-2", source="huggingface:us/two"), means=at_once())


def test_a_slow_server_is_waited_for_and_told_of(hub: Hub, store: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()
    ref = ref_of(published(hub, data=DATA * 10))
    hub.files["model.bin"].steps = [held(1_500_000, asked, go_on)]

    def progress(fraction: float, doing: str) -> None:
        if fraction > 0.7:
            go_on.set()

    assert (fetch(ref, progress=progress, means=at_once()) / "model.bin").read_bytes() == DATA * 10
    assert len(hub.asked) == 1


def test_a_server_that_falls_silent_is_asked_again(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    go_on = threading.Event()
    hub.files["model.bin"].steps = [held(100_000, threading.Event(), go_on)]
    try:
        assert (fetch(ref, means=at_once(read_s=0.05)) / "model.bin").read_bytes() == DATA
    finally:
        go_on.set()
    assert hub.ranges() == ["", "bytes=100000-"]


# what goes wrong


@pytest.mark.parametrize(
    ("step", "words", "requests"),
    [
        (status(404), r"no longer there \(HTTP 404\): a later version", 1),
        (status(403), r"refuses it \(HTTP 403\): open the address in a browser", 1),
        (status(500), r"is busy \(HTTP 500\): try again later", 3),
        (status(418), r"answered with HTTP 418", 1),
        (web_page, r"a web page came from 127\.0\.0\.1 instead of the file: .* a proxy may want you", 1),
        (without_length(DATA[:-1]), r"only 204,799 of 204,800 bytes came", 6),
        (without_length(DATA + b"x"), r"more came than the 204,800 bytes", 1),
        (without_length(DATA[::-1]), r"another file came \(SHA-256 .*: try again later", 1),
        (without_length(b""), r"only 0 of 204,800 bytes came", 3),
        (redirect("ftp://127.0.0.1/model.bin"), r"leads nowhere", 1),
        (redirect("/model.bin"), r"leads nowhere", 21),
    ],
)
def test_every_failure_is_one_sentence_with_a_way_out(
    hub: Hub, store: Path, step: Any, words: str, requests: int
) -> None:
    ref = ref_of(published(hub))
    hub.files["model.bin"].steps = [step] * 30
    with pytest.raises(AnonymizerError, match=f"^Tiny could not be fetched: .*{words}") as caught:
        fetch(ref, means=at_once())
    assert str(caught.value).endswith(f"or put model.bin from {hub.url('model.bin')} into {store}/us/tiny by hand.")
    assert "\n" not in str(caught.value)
    assert weights.located(ref) is None
    assert len(hub.asked) == requests


def test_another_size_is_refused_before_it_comes(hub: Hub, store: Path) -> None:
    file = published(hub, bytes=5)
    with pytest.raises(AnonymizerError, match=r"another file is there \(204,800 bytes, where 5 were expected\)"):
        fetch(ref_of(file), means=at_once())


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
def test_nobody_there_is_a_sentence(store: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    import socket

    found = socket.getaddrinfo

    def resolved(name: Any, *args: Any, **kwargs: Any) -> Any:
        if name in {"no-such-host.invalid", b"no-such-host.invalid"}:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    pauses: list[float] = []
    means = at_once(pause=lambda _, seconds: pauses.append(seconds))
    with pytest.raises(AnonymizerError, match=f"{host.partition(':')[0]} could not be reached"):
        fetch(ref_of(WeightFile("model.bin", f"http://{host}/model.bin", 1)), means=means)
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "nonsense://proxy"), ("SSL_CERT_FILE", "/no/such.pem")])
def test_a_proxy_that_cannot_be_used_is_a_sentence(
    hub: Hub, store: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(AnonymizerError, match=r"the proxy or the certificates .*: look at the variables HTTPS_PROXY"):
        fetch(ref_of(published(hub)), means=at_once())


def test_an_encrypted_address_may_not_lead_to_an_open_one() -> None:
    import httpx

    from anonymizers.transfer import Refused, _check_way

    request = httpx.Request("GET", "https://hub.example/model.bin")
    first = httpx.Response(302, request=request)
    last = httpx.Response(200, request=httpx.Request("GET", "http://other.example/x"), history=[first])
    with pytest.raises(Refused, match=r"hub\.example leads to an address that anybody could change"):
        _check_way(last)


def test_offline_refuses_and_says_what_to_put_where(hub: Hub, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    ref = ref_of(published(hub))
    with pytest.raises(
        AnonymizerError, match=r"VOICEVEIL_OFFLINE=1 forbids.*put model\.bin into VOICEVEIL_MODELS/us/tiny"
    ):
        fetch(ref, means=at_once())
    assert hub.asked == []
    by_hand = weights.home(ref)
    by_hand.mkdir(parents=True)
    (by_hand / "model.bin").write_bytes(DATA)
    assert fetch(ref, means=at_once()) == by_hand


def test_a_licence_comes_before_the_first_byte(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub), licence="CC BY-NC 4.0", commercial=False)
    with pytest.raises(AnonymizerError, match=r"under CC BY-NC 4\.0, which does not allow commercial use"):
        fetch(ref, means=at_once())
    assert hub.asked == []
    licences.accept(ref, "CC BY-NC 4.0")
    folder = fetch(ref, means=at_once())
    licences.forget(ref)
    with pytest.raises(AnonymizerError, match=r"under CC BY-NC 4\.0"):
        fetch(ref, means=at_once())  # not even to run what is here
    assert folder.is_dir()


def test_what_our_recipes_make_is_not_fetched(store: Path) -> None:
    ref = ref_of(WeightFile("model.pt", ""), source="here", recipe="ssl-sas --content t6")
    with pytest.raises(AnonymizerError, match=r"train it with python -m training ssl-sas --content t6\."):
        fetch(ref, means=at_once())


def test_a_disk_without_room_is_told_before_anything_comes(hub: Hub, store: Path) -> None:
    ref = ref_of(published(hub))
    free = len(DATA) + MARGIN_BYTES - 1
    with pytest.raises(AnonymizerError, match=r"Tiny needs 500 MB free in .*but there are 500 MB: make room"):
        fetch(ref, means=at_once(disk_usage=lambda _: Usage(0, 0, free)))
    assert hub.asked == []
    fetch(ref, means=at_once(disk_usage=lambda _: Usage(0, 0, free + 1)))


@pytest.mark.parametrize(
    ("number", "words", "left"),
    [
        (errno.ENOSPC, "The disk became full while Tiny was fetched into .*: make room", []),
        (errno.EACCES, r"cannot be written there \(Permission denied\): let the app write", ["model.bin.part.json"]),
        (errno.EIO, r"cannot be written there \(Input/output error\)", ["model.bin.part.json"]),
    ],
)
def test_a_disk_that_fails_meanwhile(
    hub: Hub, store: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, left: list[str]
) -> None:
    ref = ref_of(published(hub))
    opened = Path.open

    class Failing(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(number, "not written")

    def broken(path: Path, *args: Any, **kwargs: Any) -> Any:
        return Failing() if path.suffix == ".part" and args == ("wb",) else opened(path, *args, **kwargs)

    (store / "us" / "tiny").mkdir(parents=True)
    other = store / "us" / "tiny" / "other.bin.part"  # of other weights on their way into the same folder
    other.write_bytes(b"what has come")
    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(AnonymizerError, match=words):
        fetch(ref, means=at_once())
    monkeypatch.undo()
    assert sorted(path.name for path in (store / "us" / "tiny").iterdir()) == [*left, other.name]


def test_a_store_that_cannot_be_written(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare_machine(tmp_path, monkeypatch)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "file"))
    with pytest.raises(AnonymizerError, match=r"Weights are kept in .*/file, but it cannot be written"):
        fetch(ref_of(published(hub)), means=at_once())
