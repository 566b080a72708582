"""Where weights are looked for, what is said of those that are not here, and how they leave."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from anonymizers import licences, registry, weights
from anonymizers.base import AnonymizerError, Status
from anonymizers.weight_records import Record
from anonymizers.weights import WeightFile, WeightRef
from tests.anonymizers.weights_here import bare_machine, ref_of

MODEL = WeightFile("model.bin", "https://hub.example/model.bin", bytes=7)
LABELS = WeightFile("labels.txt", "https://hub.example/labels.txt")
REF = ref_of(MODEL, LABELS, title="WavLM Large", about_bytes=1_262_000_000)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return bare_machine(tmp_path, monkeypatch)


def put(folder: Path, *, model: bytes = b"weights") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bin").write_bytes(model)
    (folder / "labels.txt").write_text("a")
    return folder


def test_the_store_is_where_the_settings_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("VOICEVEIL_MODELS", ""), ("XDG_CACHE_HOME", ""), ("HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    assert weights.store() == tmp_path / ".cache" / "voiceveil" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert weights.store() == tmp_path / "xdg" / "voiceveil" / "models"
    monkeypatch.setenv("VOICEVEIL_MODELS", "~/mine")
    assert weights.store() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("huggingface:owner/name", "owner/name"),
        ("github:owner/name", "owner/name"),
        ("torchaudio", "torchaudio"),
        ("zenodo:6529898", "6529898"),
        ("here", "tiny"),
    ],
)
def test_every_source_has_its_place(store: Path, source: str, place: str) -> None:
    ref = ref_of(MODEL, source=source)
    assert weights.home(ref) == store / place
    put(weights.home(ref))
    assert weights.located(ref) == store / place
    assert weights.path_of(ref) == store / place / "model.bin"


def test_ones_own_folder_comes_before_the_publishers_caches(store: Path, tmp_path: Path) -> None:
    snapshot = put(tmp_path / "hub" / "models--us--tiny" / "snapshots" / REF.revision)
    assert weights.located(REF) == snapshot
    own = put(store / "us" / "tiny")
    assert weights.located(REF) == own
    (own / "labels.txt").unlink()
    assert weights.located(REF) == snapshot
    (snapshot / "model.bin").write_bytes(b"weight")  # cut short
    assert weights.located(REF) is None
    with pytest.raises(AnonymizerError, match=r"WavLM Large were expected, but they are not here: fetch them first\."):
        weights.path_of(REF)


def test_hugging_faces_folder_is_where_hugging_face_says(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Path("models--us--tiny", "snapshots", REF.revision)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for name, folder in (("HF_HUB_CACHE", "hub"), ("HUGGINGFACE_HUB_CACHE", "older"), ("", "home/hub")):
        monkeypatch.setenv(name, str(tmp_path / folder)) if name else None
        there = put(tmp_path / folder / inside)
        assert weights.located(REF) == there
        for file in there.iterdir():
            file.unlink()
        monkeypatch.delenv(name, raising=False) if name else None
    monkeypatch.delenv("HF_HOME")
    there = put(tmp_path / "cache" / "huggingface" / "hub" / inside)
    assert weights.located(REF) == there


def test_hugging_faces_folder_is_the_librarys(tmp_path: Path) -> None:
    """What is found here without importing huggingface_hub is what it says itself."""
    import os
    import subprocess
    import sys

    code = (
        "from huggingface_hub import constants; from anonymizers import weights\n"
        "print(constants.HF_HUB_CACHE == str(weights._hugging_face()), constants.HF_HUB_CACHE)"
    )
    root = Path(__file__).resolve().parents[2]
    usual = {key: value for key, value in os.environ.items() if not key.startswith("HF_") and "HUGGINGFACE" not in key}
    for given in ({}, {"XDG_CACHE_HOME": str(tmp_path)}, {"HF_HOME": "~/h"}, {"HF_HUB_CACHE": str(tmp_path / "c")}):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**usual, **given}, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("True"), done.stdout


@pytest.mark.parametrize("source", ["torchaudio", "github:us/tiny"])
def test_torch_hubs_folder_is_looked_at(store: Path, tmp_path: Path, source: str) -> None:
    hub = put(tmp_path / "torch" / "hub" / "checkpoints")
    assert weights.located(ref_of(MODEL, LABELS, source=source)) == hub
    assert weights.located(ref_of(MODEL, LABELS, source="zenodo:1")) is None


def test_without_a_revision_hugging_faces_newest_is_taken(store: Path, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--us--tiny"
    there = put(repository / "snapshots" / "bbb")
    ref = ref_of(MODEL, LABELS, revision="")
    assert weights.located(ref) is None
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("bbb")
    assert weights.located(ref) == there


# whether something can run


def test_status_says_what_is_lacking_and_the_mend(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ref_of(MODEL, id="two", title="Two", source="zenodo:2", licence="Apache-2.0")
    assert weights.status(()) == Status("ready")
    assert weights.status((REF, other)) == Status(
        "downloads first", "WavLM Large, 1,262 MB, MIT; Two, 0.1 MB, Apache-2.0"
    )
    assert weights.missing((REF, other)) == (REF, other)
    put(store / "us" / "tiny")
    assert weights.status((REF, other)) == Status("downloads first", "Two, 0.1 MB, Apache-2.0")
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "yes")
    assert weights.status((REF,)) == Status("ready")
    state = weights.status((REF, other))
    assert state.state == "unavailable"
    assert state.detail == (
        "the weights are not here (Two, 0.1 MB, Apache-2.0) and VOICEVEIL_OFFLINE=1 forbids fetching them: put "
        "model.bin into VOICEVEIL_MODELS/2"
    )


def test_status_counts_what_has_come(store: Path) -> None:
    put(store / "us" / "tiny").joinpath("labels.txt").rename(store / "us" / "tiny" / "labels.txt.part")
    (store / "us" / "tiny" / "model.bin").unlink()
    with (store / "us" / "tiny" / "model.bin.part").open("wb") as file:
        file.truncate(1_000_000_000)
    assert weights.to_come_bytes((REF,)) == 261_999_999
    assert weights.status((REF,)).detail == "WavLM Large, 1,262 MB, MIT (262 MB still to come)"


def test_a_file_cut_short_is_named_where_it_cannot_be_fetched(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store / "us" / "tiny", model=b"weigh")
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    assert "model.bin is cut short: 5 bytes, where 7 were expected" in weights.status((REF,)).detail


def test_a_licence_is_asked_for_before_and_after_the_download(store: Path) -> None:
    ref = ref_of(MODEL, LABELS, licence="CC BY-NC 4.0", commercial=False, about_bytes=25_000_000)
    assert weights.status((REF, ref)) == Status(
        "licence to accept", "not for commercial use: CC BY-NC 4.0 for Tiny; 1,287 MB to download"
    )
    put(store / "us" / "tiny")
    assert weights.status((ref,)) == Status("licence to accept", "not for commercial use: CC BY-NC 4.0 for Tiny")
    licences.accept(ref, "CC BY-NC 4.0")
    assert weights.status((ref,)) == Status("ready")


def test_what_our_recipes_make_needs_training(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = ref_of(WeightFile("model.pt", ""), id="mine", source="here", recipe="ssl-sas --content t6")
    needs = Status("needs training", "Tiny is not here: run python -m training ssl-sas --content t6")
    assert weights.status((REF, ref)) == needs
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    assert weights.status((ref,)) == needs
    (store / "mine").mkdir(parents=True)
    (store / "mine" / "model.pt").write_bytes(b"trained")
    assert weights.status((ref,)) == Status("ready")
    assert weights.size_bytes(ref) == 7


def test_sizes_are_for_people() -> None:
    sizes = (0, 40_000, 300_000, 9_949_999, 9_950_000, 1_261_965_425)
    assert [weights.megabytes(one) for one in sizes] == ["0.1 MB", "0.1 MB", "0.3 MB", "9.9 MB", "10 MB", "1,262 MB"]
    assert ref_of(MODEL, LABELS).summary == "Tiny, size not known, MIT"
    assert ref_of(MODEL).bytes == 7


def test_versions_tell_weights_apart() -> None:
    assert REF.version == f"us/tiny@{'a' * 12}"
    digest = WeightFile("model.bin", "https://hub.example/model.bin", sha256="c" * 64)
    assert ref_of(digest, source="torchaudio", revision="").version == f"torchaudio@{'c' * 12}"


def test_a_fingerprint_changes_with_what_is_here_and_not_with_reading_it(store: Path) -> None:
    nothing = weights.fingerprint([REF])
    path = put(weights.home(REF)) / "model.bin"
    here = weights.fingerprint([REF])
    path.read_bytes()
    assert weights.fingerprint([REF]) == here
    put(weights.home(REF), model=b"others!")
    os.utime(path, ns=(1, 1))  # a clock too coarse to tell the two apart is no reason for this test to fail
    assert len({nothing, here, weights.fingerprint([REF]), weights.fingerprint([REF, REF])}) == 4
    assert len(nothing) == 12


def test_a_system_with_weights_has_a_version_of_them(store: Path) -> None:
    (own,) = registry.info("gengan").weights
    before = registry.version("gengan")
    (weights.home(own) / own.files[0].name).parent.mkdir(parents=True)
    (weights.home(own) / own.files[0].name).write_bytes(bytes(own.files[0].bytes))
    assert registry.status("gengan").state == "ready"
    assert registry.version("gengan") not in ("", before)
    assert registry.version("mcadams") == ""


def test_what_is_said_of_weights_is_json(store: Path) -> None:
    told = json.loads(json.dumps(weights.described(REF)))
    assert told["id"] == "tiny"
    assert told["bytes"] == 1_262_000_000
    assert told["files"] == ["model.bin", "labels.txt"]


# how they leave


def test_delete_frees_what_is_ours_and_nothing_else(store: Path, tmp_path: Path) -> None:
    own = put(store / "us" / "tiny")
    (own / "notes.txt").write_text("somebody's")
    (own / "model.bin.part").write_bytes(b"123")
    Record.of(own / "model.bin", "model.bin", "0" * 64).write(own, "model.bin")
    snapshot = put(tmp_path / "hub" / "models--us--tiny" / "snapshots" / REF.revision)
    neighbour = put(store / "us" / "other")
    record = (own / "model.bin.fetched.json").stat().st_size
    assert weights.delete(REF) == 7 + 1 + 3 + record
    assert [path.name for path in own.iterdir()] == ["notes.txt"]
    assert weights.located(REF) == snapshot
    assert weights.delete(REF) == 0
    assert len(list(snapshot.iterdir())) == len(list(neighbour.iterdir())) == 2
    (own / "notes.txt").unlink()
    assert weights.delete(REF) == 0
    assert not own.exists()
    assert neighbour.exists()
    assert store.exists()


def test_delete_does_not_follow_links_out_of_the_store(store: Path, tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere")
    (store / "us").mkdir(parents=True)
    (store / "us" / "tiny").symlink_to(elsewhere)
    with pytest.raises(AnonymizerError, match=r"leads out of the store .*by hand"):
        weights.delete(REF)
    (store / "us" / "tiny").unlink()
    (store / "us" / "tiny").mkdir()
    (store / "us" / "tiny" / "model.bin").symlink_to(elsewhere / "model.bin")
    assert weights.delete(REF) == 0  # the link goes, not what it points at
    inside = ref_of(WeightFile("sub/model.bin", "https://hub.example/m"))
    (store / "us" / "tiny").mkdir(parents=True, exist_ok=True)
    (store / "us" / "tiny" / "sub").symlink_to(elsewhere)
    with pytest.raises(AnonymizerError, match="leads out of the store"):
        weights.delete(inside)
    assert (elsewhere / "model.bin").read_bytes() == b"weights"


def test_what_is_being_fetched_is_not_deleted(store: Path) -> None:
    from filelock import FileLock

    put(store / "us" / "tiny")
    (store / ".locks").mkdir()
    with FileLock(store / ".locks" / "tiny.lock"), pytest.raises(AnonymizerError, match="being fetched right now"):
        weights.delete(REF)
    assert weights.located(REF) is not None


# what systems have


def test_every_systems_weights_are_named_pinned_and_told_apart() -> None:
    every = registry.every_weight()
    assert len({ref.id for ref in every}) == len(every)
    for key in registry.keys():
        for ref in registry.info(key).weights:
            assert ref in every, f"{key}: two weights are called {ref.id}"
    for ref in every:
        assert ref.files
        assert ref.licence
        assert ref.recipe if ref.source == "here" else all(file.url for file in ref.files if ref.loader != "archive")
        assert not any(Path(file.name).is_absolute() or ".." in Path(file.name).parts for file in ref.files)
        assert all(file.url.startswith("https://") for file in ref.files if file.url)
        assert all(len(file.sha256) in {0, 64} for file in ref.files)


def test_a_systems_status_is_that_of_its_weights_at_its_parameters(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def needs(key: str, params: dict) -> tuple[WeightRef, ...]:
        asked.append(params)
        return (REF,) if params["alpha_min"] == 0.7 else ()

    monkeypatch.setattr(registry, "needs", needs)
    assert registry.status("mcadams") == Status("ready")
    assert registry.status("mcadams", {"alpha_min": 0.7}).state == "downloads first"
    assert [params["alpha_max"] for params in asked] == [0.9, 0.9]


def test_the_docs_name_every_weight_without_a_known_digest() -> None:
    loose = {
        ref.id
        for ref in registry.every_weight()
        if ref.source != "here" and not all(file.sha256 for file in ref.files if file.url)
    }
    docs = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text(encoding="utf-8")
    table = docs.partition("No digest is known of these")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert loose == {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
