"""Example voices, fetched from a server on this machine that plays the publisher."""

from __future__ import annotations

import io
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile

from audio.clip import decode
from web.archives import Budget, zip_members
from web.examples import Example, ExamplesError, fetch_examples, list_examples, shipped_examples
from web.publishers import EMODB, LIBRISPEECH

RATE_HZ = 16_000


def sound(seconds: float, seed: int, kind: str = "FLAC") -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(seed).uniform(-0.2, 0.2, int(seconds * RATE_HZ)).astype(np.float32)
    soundfile.write(out, noise, RATE_HZ, format=kind)
    return out.getvalue()


def tar_gz(members: dict[str, bytes], links: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def libri(speaker: int, number: int) -> str:
    return f"LibriSpeech/dev-clean/{speaker}/77/{speaker}-77-{number:04d}.flac"


@pytest.fixture(scope="module")
def read_speech() -> bytes:
    members = {
        "LibriSpeech/SPEAKERS.TXT": b";ID |SEX| SUBSET\n61   | F | dev-clean | 8 | A\n62 | M | dev-clean | 8 | B\n"
    }
    members |= {libri(61, 0): sound(1.0, 0)}  # too short to be taken
    members |= {libri(speaker, n): sound(4.1, 10 * speaker + n) for speaker in (61, 62, 63) for n in (1, 2, 3)}
    members |= {libri(64, n): sound(14.0, n) for n in range(12)}  # never needed
    return tar_gz(members)


@pytest.fixture(scope="module")
def acted_speech() -> bytes:
    stems = ("03a05Nd", "03a05Fc", "03a05Tc", "03a05Wa", "08a05Nb", "08a05Fe", "08a05Ta", "08a05Wa")
    rest = {f"emodb/wav/16b10W{c}.wav": sound(8.0, n, "WAV") for n, c in enumerate("abcdefgh")}
    wanted = {f"emodb/wav/{stem}.wav": sound(1.5, n, "WAV") for n, stem in enumerate(stems)}
    return zipped({"emodb/db.yaml": b"name: emodb"} | rest | wanted)


class Publisher(ThreadingHTTPServer):
    """Serves `body`; counts what it sent. `ranges`: whether it knows them; `cut`: bytes after which it hangs up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.body, self.status, self.ranges, self.cut = b"", 200, True, 1 << 60
        self.sent, self.requests = 0, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/archive"

    def handle_error(self, request, client_address) -> None:
        """A client that has read enough hangs up: no error."""


class Answer(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.requests += 1
        body, status, wanted = self.server.body, self.server.status, self.headers.get("Range", "")
        self.send_response(206 if wanted and self.server.ranges else status)
        if wanted and self.server.ranges:
            first, last = map(int, wanted.removeprefix("bytes=").split("-"))
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
            body = body[first : last + 1]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for start in range(0, min(len(body), self.server.cut), 65536):
            piece = body[start : min(start + 65536, self.server.cut)]
            self.wfile.write(piece)
            self.server.sent += len(piece)

    def log_message(self, *args) -> None:
        """Says nothing."""


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(data_dir, source, publisher: Publisher | None, **options) -> tuple[Example, ...]:
    at = source if publisher is None else replace(source, url=publisher.url)
    return fetch_examples(data_dir, sources=(at,), **({"offline": False} | options))


def nothing_left(data_dir) -> bool:
    return not list(data_dir.rglob("*.flac")) + list(data_dir.rglob("*.wav")) and not list(data_dir.glob("examples/.*"))


def test_librispeech_reads_only_the_start_of_the_archive(tmp_path, publisher, read_speech):
    publisher.body = read_speech
    told = []
    examples = fetch(tmp_path, LIBRISPEECH, publisher, progress=lambda fraction, doing: told.append((fraction, doing)))
    assert [example.id for example in examples] == [f"librispeech-{s}-77-000{n}" for s in (61, 62, 63) for n in (1, 2)]
    assert [example.detail for example in examples[::2]] == [
        "woman, English, 4.1 s",
        "man, English, 4.1 s",
        "English, 4.1 s",
    ]
    assert {example.licence for example in examples} == {"CC BY 4.0"}
    assert all(decode(example.path.read_bytes()).clip.sample_rate == RATE_HZ for example in examples)
    assert examples[0].path.read_bytes() == sound(4.1, 611)
    attribution = (examples[0].path.parent / "LICENCE.txt").read_text()
    assert all(words in attribution for words in ("Vassil Panayotov", "CC BY 4.0", publisher.url))
    assert publisher.requests == 1
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert "of 6 clips" in told[0][1]


def test_reading_stops_where_the_last_clip_was(tmp_path, publisher, read_speech):
    publisher.body = read_speech
    told: list[str] = []
    fetch(tmp_path, replace(LIBRISPEECH, count=1), publisher, progress=lambda fraction, doing: told.append(doing))
    read_mb = float(told[-2].split(", ")[1].removesuffix(" MB read"))
    assert 0 < read_mb * 1e6 < len(read_speech) / 4


@pytest.mark.parametrize("ranges", [True, False])
def test_emodb_with_and_without_range_requests(tmp_path, publisher, acted_speech, ranges):
    publisher.body, publisher.ranges = acted_speech, ranges
    examples = fetch(tmp_path, EMODB, publisher)
    assert sorted(example.title for example in examples) == sorted(
        f"EmoDB {speaker}, {emotion}" for speaker in ("03", "08") for emotion in ("neutral", "happy", "sad", "angry")
    )
    assert {example.detail.split(",")[0] for example in examples} == {"woman", "man"}
    assert "Burkhardt" in (examples[0].path.parent / "LICENCE.txt").read_text()
    if ranges:
        assert publisher.sent < len(acted_speech) / 2
    else:
        assert (publisher.requests, publisher.sent) == (1, len(acted_speech))


def test_a_second_click_downloads_nothing(tmp_path, publisher, acted_speech):
    publisher.body = acted_speech
    first = fetch(tmp_path, EMODB, publisher)
    asked = publisher.requests
    assert fetch(tmp_path, EMODB, publisher) == first
    assert fetch(tmp_path, EMODB, publisher, offline=True) == first
    assert publisher.requests == asked
    assert list_examples(tmp_path) == shipped_examples() + first


def test_a_damaged_folder_is_fetched_again(tmp_path, publisher, acted_speech):
    publisher.body = acted_speech
    first = fetch(tmp_path, EMODB, publisher)
    first[0].path.unlink()
    assert list_examples(tmp_path) == shipped_examples()
    assert fetch(tmp_path, EMODB, publisher) == first
    (first[0].path.parent / "examples.json").write_text("{")
    assert list_examples(tmp_path) == shipped_examples()
    assert fetch(tmp_path, EMODB, publisher) == first


def test_offline_is_refused_in_a_sentence_without_asking(tmp_path, publisher):
    with pytest.raises(ExamplesError, match="VOICEVEIL_OFFLINE=1"):
        fetch(tmp_path, LIBRISPEECH, publisher, offline=True)
    assert publisher.requests == 0


def test_no_network_is_one_sentence(tmp_path, publisher):
    publisher.server_close()
    sources = tuple(replace(source, url=publisher.url) for source in (LIBRISPEECH, EMODB))
    with pytest.raises(ExamplesError, match=r"^LibriSpeech and EmoDB could not be reached: fetching needs a network;"):
        fetch_examples(tmp_path, sources=sources, offline=False)
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("source", [LIBRISPEECH, EMODB], ids=lambda source: source.key)
def test_missing_or_wrong_archives_are_sentences(tmp_path, publisher, source):
    publisher.body, publisher.ranges, publisher.status = b"not here", False, 404
    with pytest.raises(ExamplesError, match=f"{source.name}: .*answered 404"):
        fetch(tmp_path, source, publisher)
    publisher.body, publisher.status = b"<html>Please log in</html>" * 100, 200
    with pytest.raises(ExamplesError, match="could not be read"):
        fetch(tmp_path, source, publisher)
    publisher.body = tar_gz({"a": b"b"}) if source.kind == "tar.gz" else zipped({"a": b"b"})
    with pytest.raises(ExamplesError, match="only 0 were in it"):
        fetch(tmp_path, source, publisher)
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("hang_up", [True, False])
@pytest.mark.parametrize("share", [0.02, 0.1])
def test_a_truncated_tar_leaves_nothing(tmp_path, publisher, read_speech, share, hang_up):
    cut = int(share * len(read_speech))
    publisher.body, publisher.cut = (read_speech, cut) if hang_up else (read_speech[:cut], 1 << 60)
    with pytest.raises(ExamplesError, match="broke off" if hang_up else "could not be read"):
        fetch(tmp_path, LIBRISPEECH, publisher)
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_truncated_zip_leaves_nothing(tmp_path, publisher, acted_speech, ranges):
    publisher.body, publisher.ranges, publisher.cut = acted_speech, ranges, 9000
    with pytest.raises(ExamplesError, match="broke off"):
        fetch(tmp_path, EMODB, publisher)
    assert nothing_left(tmp_path)


def test_what_is_no_sound_is_a_sentence(tmp_path, publisher):
    publisher.body = tar_gz({libri(61, 1): b"text" * 500})
    with pytest.raises(ExamplesError, match="should be a sound file"):
        fetch(tmp_path, LIBRISPEECH, publisher)
    assert nothing_left(tmp_path)


def test_names_that_climb_out_and_links_are_passed_over(tmp_path, publisher):
    evil = {"../../" + libri(61, 1): sound(4.1, 1), "/" + libri(61, 2): sound(4.1, 2)}
    evil["LibriSpeech/dev-clean/61/../../../61-77-0003.flac"] = sound(4.1, 3)
    publisher.body = tar_gz(evil | {libri(62, 1): sound(4.1, 4)}, links=(libri(63, 1),))
    data = tmp_path / "deep" / "data"
    examples = fetch(data, replace(LIBRISPEECH, count=1), publisher)
    assert [example.id for example in examples] == ["librispeech-62-77-0001"]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "62-77-0001.flac",
        "LICENCE.txt",
        "examples.json",
    ]


def test_a_pattern_that_lets_a_path_through_is_stopped(tmp_path, publisher):
    publisher.body = tar_gz({"../x.flac": sound(4.1, 1)})
    with pytest.raises(ExamplesError, match="plain file name"):
        fetch(tmp_path / "data", replace(LIBRISPEECH, member=r"(?P<stem>(?P<speaker>.*)x)\.flac"), publisher)
    assert nothing_left(tmp_path)


def test_bytes_time_and_member_size_are_bounded(tmp_path, publisher, read_speech, acted_speech):
    publisher.body = read_speech
    with pytest.raises(ExamplesError, match=r"At most 0\.1 MB"):
        fetch(tmp_path, replace(LIBRISPEECH, max_bytes=100_000), publisher)
    with pytest.raises(ExamplesError, match=r"A clip of at most 0\.0 MB"):
        fetch(tmp_path, replace(LIBRISPEECH, member_bytes=10_000), publisher)
    publisher.body = acted_speech
    ticks = iter(range(0, 10_000, 10))
    budget = Budget(1 << 30, 60.0, 1 << 20, clock=lambda: float(next(ticks)))
    with pytest.raises(ExamplesError, match="at most 60 s"):
        list(zip_members(publisher.url, lambda name: True, budget))
    assert nothing_left(tmp_path)


def test_it_can_be_stopped_and_started_again(tmp_path, publisher, read_speech):
    publisher.body = read_speech
    asked = iter([False, False])
    with pytest.raises(ExamplesError, match="was stopped"):
        fetch(tmp_path, LIBRISPEECH, publisher, stopped=lambda: next(asked, True))
    assert nothing_left(tmp_path)
    assert len(fetch(tmp_path, LIBRISPEECH, publisher)) == 6


def test_one_source_that_fails_does_not_keep_the_other_from_coming(tmp_path, publisher, acted_speech):
    publisher.body = acted_speech
    sources = tuple(replace(source, url=publisher.url) for source in (LIBRISPEECH, EMODB))
    with pytest.raises(ExamplesError, match="LibriSpeech: "):
        fetch_examples(tmp_path, sources=sources, offline=False)
    assert len(list_examples(tmp_path)) == len(shipped_examples()) + 8


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, publisher):
    (tmp_path / "examples").write_text("in the way")
    with pytest.raises(ExamplesError, match="cannot be written"):
        fetch(tmp_path, LIBRISPEECH, publisher)


def test_shipped_examples_follow_their_manifest(tmp_path):
    assert shipped_examples(tmp_path) == ()
    (tmp_path / "anna.wav").write_bytes(sound(1.0, 1, "WAV"))
    head = "file,title,speaker,sex,language,emotion,transcript,licence,source\n"
    rows = (
        'anna.wav,Anna,anna,F,English,angry,"Hello, you",CC0 1.0,here\ngone.wav,Gone,gone,M,English,,x,CC0 1.0,here\n'
    )
    (tmp_path / "manifest.csv").write_text(head + rows)
    assert shipped_examples(tmp_path) == (
        Example(
            "demo-anna", "Anna", "woman, English, angry", "CC0 1.0", tmp_path / "anna.wav",
            transcript="Hello, you", language="English", speaker="anna",
        ),
    )  # fmt: skip


def test_what_ships_has_unique_ids_a_licence_and_sound():
    examples = shipped_examples()
    assert len({example.id for example in examples}) == len(examples)
    for example in examples:
        assert all((example.title, example.detail, example.licence))
        assert not decode(example.path.read_bytes()).clip.is_silent


@pytest.mark.parametrize("source", [LIBRISPEECH, EMODB], ids=lambda source: source.key)
def test_publishers_are_reached_by_https_and_named(source):
    assert source.url.startswith("https://")
    assert source.licence.split()[0] in ("CC", "CC0")
    assert "https://" in source.attribution
