"""python -m anonymizers fetch, list and run with weights that are on a local server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anonymizers import batch, download, registry, runner, weights
from anonymizers.__main__ import main
from anonymizers.base import AnonymizerError, Param, Result
from anonymizers.original import Original
from anonymizers.registry import Entry
from anonymizers.transfer import Means
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip, encode_wav
from tests.anonymizers.hub import Hub, running, status
from tests.anonymizers.weights_here import DATA, bare_machine, published, ref_of

ROOT = Path(__file__).resolve().parents[2]
NAME = "CC BY-NC 4.0"


class Weighty:
    """A system whose weights depend on a parameter."""

    info = replace(
        Original.info,
        key="weighty",
        min_duration_s=0.5,
        params=(Param("content", "choice", "free", "", "", choices=("free", "bound", "mine")),),
    )
    refs: dict[str, WeightRef]

    @classmethod
    def needs(cls, params: Any) -> tuple[WeightRef, ...]:
        return (cls.refs[params["content"]],)

    def anonymize(self, clip: Clip, **_: Any) -> Result:
        read = weights.path_of(self.refs["free"]).read_bytes()
        return Result(clip, "original-weights", {"bytes": len(read)})


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with running() as hub:
        yield hub


@pytest.fixture
def hub(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The system is registered, its weights are on the hub."""
    server.files.clear()
    server.asked.clear()
    bare_machine(tmp_path, monkeypatch)
    refs = {
        "free": ref_of(published(server)),
        "bound": ref_of(published(server, "b.bin"), id="bound", title="Bound", licence=NAME, commercial=False),
        "mine": ref_of(WeightFile("m.pt", ""), id="mine", title="Mine", source="here", recipe="mine --fast"),
    }
    monkeypatch.setattr(Weighty, "refs", refs, raising=False)
    monkeypatch.setattr(Weighty, "info", replace(Weighty.info, weights=(refs["free"],)))
    monkeypatch.setitem(registry.ENTRIES, "weighty", Entry(f"{__name__}:Weighty", "#000000"))
    monkeypatch.setattr(download, "USUAL", Means(pause=lambda *_: None))
    return server


def test_fetch_gets_weights_and_says_where_they_are(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["fetch", "weighty"]) == 0
    assert capsys.readouterr().err == f"Tiny: here, 0.2 MB, {tmp_path}/store/us/tiny\n"  # no bar where nobody looks
    assert main(["fetch", "weighty", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["system"] == "weighty"
    (one,) = told["weights"]
    assert (one["id"], one["here"], one["bytes_on_disk"], one["licence"]) == ("tiny", True, len(DATA), "MIT")
    assert len(hub.asked) == 1


def test_fetch_mends_what_is_damaged(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "store" / "us" / "tiny" / "model.bin"
    assert main(["fetch", "weighty"]) == 0
    path.write_bytes(DATA[::-1])
    assert main(["fetch", "weighty"]) == 0
    assert path.read_bytes() == DATA


def test_a_licence_is_accepted_by_its_name(hub: Hub, capsys: pytest.CaptureFixture) -> None:
    command = ["fetch", "weighty", "--set", "content=bound"]
    assert main(command) == 1
    assert f'--accept-licence "{NAME}"' in capsys.readouterr().err
    assert main([*command, "--accept-licence", "CC BY-NC"]) == 1
    assert f"the exact name of one of '{NAME}', but 'CC BY-NC' came" in capsys.readouterr().err
    assert hub.asked == []
    assert main([*command, "--accept-licence", NAME]) == 0
    assert main(command) == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nobody"], "no system 'nobody'"),
        (["weighty", "--set", "content"], "NAME=VALUE"),
        (["weighty", "--set", "content=t9"], "content is one of"),
        (["weighty", "--set", "content=mine"], "train it with python -m training mine --fast"),
    ],
)
def test_mistakes_are_one_sentence(hub: Hub, capsys: pytest.CaptureFixture, args: list[str], words: str) -> None:
    assert main(["fetch", *args]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_server_that_refuses_is_status_1_and_wrong_usage_2(hub: Hub, capsys: pytest.CaptureFixture) -> None:
    hub.files["model.bin"].steps = [status(404)]
    assert main(["fetch", "weighty"]) == 1
    assert "no longer there (HTTP 404)" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["fetch"])
    assert caught.value.code == 2


def test_interrupted_it_says_that_what_came_is_kept(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", interrupted)
    assert main(["fetch", "weighty"]) == 1
    assert "what has come is kept" in capsys.readouterr().err


def test_systems_without_weights_say_so(hub: Hub, capsys: pytest.CaptureFixture) -> None:
    assert main(["fetch", "mcadams"]) == 0
    assert capsys.readouterr().err == "mcadams needs no weights.\n"


def test_list_shows_weights_and_whether_they_are_here(hub: Hub, capsys: pytest.CaptureFixture) -> None:
    def listed() -> tuple[str, dict[str, Any]]:
        main(["list"])
        text = capsys.readouterr().out
        main(["list", "--json"])
        return text, {one["key"]: one for one in json.loads(capsys.readouterr().out)}["weighty"]

    text, one = listed()
    assert "weights tiny   0.2 MB   MIT   not here" in text
    assert one["status"] == "downloads first"
    assert one["weights"][0]["here"] is False
    main(["fetch", "weighty"])
    capsys.readouterr()
    text, one = listed()
    assert "weights tiny   0.2 MB   MIT   here" in text
    assert one["status"] == "ready"
    assert one["weights"][0]["bytes_on_disk"] == len(DATA)


def test_run_fetches_first_and_tells_how_far(hub: Hub, voice: Clip) -> None:
    told: list[tuple[float, str]] = []
    result = runner.run(voice, "weighty", progress=lambda *one: told.append(one))
    assert result.pseudo_speaker == {"bytes": len(DATA)}
    assert told[-1] == (1.0, "Tiny: here")
    with pytest.raises(AnonymizerError, match="does not allow commercial use"):
        runner.run(voice, "weighty", params={"content": "bound"})
    assert len(hub.asked) == 1


def test_nothing_is_fetched_for_a_clip_that_cannot_be_done(hub: Hub) -> None:
    import numpy as np

    runner.run(Clip(np.zeros(16_000), 16_000), "weighty")
    with pytest.raises(AnonymizerError, match="needs at least"):
        runner.run(Clip(np.ones(1000), 16_000), "weighty")
    assert hub.asked == []


def test_a_folder_has_its_weights_fetched_once_and_goes_on_without_those_that_lack(
    hub: Hub, tmp_path: Path, voice: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    for name in ("1.wav", "2.wav"):
        (voices / name).write_bytes(encode_wav(voice))
    hub.files["model.bin"].steps = [status(404)] * 9
    todo = batch.tasks(voices, tmp_path / "out", ["weighty", "original"], seed=0, level="utterance")
    done = {(task.key, task.source.name): error for task, error in batch.run(todo, 1)}
    assert {key for key, error in done.items() if not error} == {("original", "1.wav"), ("original", "2.wav")}
    assert all("no longer there" in error for key, error in done.items() if key[0] == "weighty")
    assert len(hub.asked) == 1


def test_a_bar_on_a_terminal_and_nothing_in_a_pipe() -> None:
    import io

    from anonymizers.terminal import progress_bar

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        before, sys.stderr = sys.stderr, stream
        try:
            with progress_bar() as progress:
                progress(0.25, "WavLM Large: 312 of 1,262 MB")
        finally:
            sys.stderr = before
        assert ("WavLM Large: 312 of 1,262 MB" in stream.getvalue()) is shown
        assert (" 25% " in stream.getvalue()) is shown


def test_listing_needs_no_network_library() -> None:
    code = (
        "import sys; from anonymizers.__main__ import main; main(['list', '--json'])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    json.loads(done.stdout)
    assert not set(done.stderr.split()) & {"torch", "httpx", "transformers", "huggingface_hub", "filelock"}
