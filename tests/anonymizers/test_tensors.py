"""Files of tensors are read, and nothing else: no code runs."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from anonymizers.base import AnonymizerError
from anonymizers.tensors import fill, state_of

torch = pytest.importorskip("torch")


class Runs:
    """What a pickle may hold: something that is done when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def saved(path: Path, state: Any) -> Path:
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["m.pt", "m.ckpt", "m.safetensors"])
def test_tensors_come_back_as_they_went(tmp_path: Path, name: str) -> None:
    state = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2, dtype=torch.float16)}
    found = state_of(saved(tmp_path / name, state))
    assert found.keys() == state.keys()
    for key in state:
        assert found[key].dtype == state[key].dtype
        assert torch.equal(found[key], state[key])


def test_what_lies_around_tensors_comes_too(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.pt", {"model": {"weight": torch.ones(2)}, "cfg": {"layers": 24, "names": ["a"]}})
    found = state_of(path)
    assert found["cfg"] == {"layers": 24, "names": ["a"]}
    assert torch.equal(found["model"]["weight"], torch.ones(2))


@pytest.mark.parametrize("kind", ["pickle", "torch", "legacy"])
def test_code_is_named_and_never_run(tmp_path: Path, kind: str) -> None:
    trap, path = tmp_path / "executed", tmp_path / "m.pt"
    state = {"weight": torch.ones(2), "trap": Runs(trap)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Runs(trap), protocol=2))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "torch")
    wanted = f"{os.mkdir.__module__}.mkdir"
    with pytest.raises(AnonymizerError, match=rf"m\.pt: .*it wants to run {wanted}, so it was not read") as caught:
        state_of(path)
    assert "\n" not in str(caught.value)
    assert not trap.exists()


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_a_sentence(tmp_path: Path, name: str, share: float) -> None:
    path = saved(tmp_path / name, {"weight": torch.ones(1000)})
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AnonymizerError, match=rf"{name}: a file of tensors and nothing else was expected") as caught:
        state_of(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
def test_something_else_is_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for data in (b"<html></html>", b"\x80\x04", b"\0" * 100):
        path.write_bytes(data)
        with pytest.raises(AnonymizerError, match=f"{name}: a file of tensors"):
            state_of(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no weights")
    with pytest.raises(AnonymizerError, match=f"{name}: a file of tensors"):
        state_of(path)
    with pytest.raises(AnonymizerError, match=r"none\.pt: a file of tensors"):
        state_of(tmp_path / "none.pt")


def test_one_tensor_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(AnonymizerError, match="but it holds one Tensor"):
        state_of(saved(tmp_path / "m.pt", torch.ones(2)))


def test_a_filled_network_is_ready_to_run(tmp_path: Path) -> None:
    state = {"weight": torch.full((2, 3), 2.0), "bias": torch.zeros(2)}
    network = fill(torch.nn.Linear(3, 2), state, tmp_path / "m.pt")
    assert not network.training
    assert not any(one.requires_grad for one in network.parameters())
    assert network(torch.ones(3)).tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": [[1.0]], "bias": [0.0, 0.0]}, "size mismatch for weight"),
        ({"other": [1.0]}, "Missing key"),
        ({"weight": [[1.0, 2.0, 3.0]] * 2, "bias": [0.0, 0.0], "more": [1.0]}, "Unexpected key"),
    ],
)
def test_another_networks_weights_are_a_sentence(tmp_path: Path, state: dict, words: str) -> None:
    tensors = {name: torch.tensor(value) for name, value in state.items()}
    with pytest.raises(AnonymizerError, match=rf"m\.pt: the weights of another network were found there: .*{words}"):
        fill(torch.nn.Linear(3, 2), tensors, tmp_path / "m.pt")
    with pytest.raises(AnonymizerError, match="another network"):
        fill(torch.nn.Linear(3, 2), {"weight": 3}, tmp_path / "m.pt")
