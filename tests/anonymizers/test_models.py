"""The cache of networks: a budget, the least recently used out first, devices, half precision, memory that runs out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import devices, models
from anonymizers.base import AnonymizerError
from anonymizers.models import Models, out_of_memory, size_bytes

KB = 1000


def layer(size_bytes: int = KB) -> Any:
    """A network of that size: one vector of float32."""
    import torch

    network = torch.nn.Module()
    network.weight = torch.nn.Parameter(torch.zeros(size_bytes // 4))
    return network


class Loader:
    """Loads networks and counts how often."""

    def __init__(self, size_bytes: int = KB) -> None:
        self.size_bytes, self.count = size_bytes, 0

    def __call__(self) -> Any:
        self.count += 1
        return layer(self.size_bytes)


@pytest.fixture(scope="module")
def gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU: what only a GPU can show is not checked")
    return "cuda:0"


def test_a_second_use_pays_no_loading() -> None:
    kept, load = Models(10 * KB), Loader()
    assert kept.get("a", load) is kept.get("a", load)
    assert load.count == 1


def test_the_least_recently_used_goes_first() -> None:
    kept, load = Models(2 * KB), Loader()
    for name in ("a", "b", "a", "c"):
        kept.get(name, load)
    assert list(kept.kept) == ["a", "c"]
    kept.get("b", load)
    assert load.count == 4
    assert kept.kept == {"c": KB, "b": KB}


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 4))
def test_the_budget_holds_whatever_is_asked_for(asked: list[int], fits: int) -> None:
    kept = Models(fits * KB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "give_back_memory", lambda device: None)  # walks all of Python's objects
        for number in asked:
            kept.get(str(number), layer)
            assert sum(kept.kept.values()) <= fits * KB
            assert list(kept.kept)[-1] == str(number)


def test_a_network_larger_than_the_budget_is_kept_alone_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    kept = Models(2 * KB)
    kept.get("small", layer)
    large = kept.get("large", lambda: layer(9000 * KB))
    assert kept.kept == {"large": 9000 * KB}
    assert kept.get("large", layer) is large
    assert caplog.messages == ["large takes 9 MB, but VOICEVEIL_MODEL_MEMORY_MB allows 0 MB: it is kept alone."]


def test_sizes_count_parameters_and_buffers_and_what_is_shared_once() -> None:
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(10, 5), torch.nn.BatchNorm1d(5))
    numbers = 10 * 5 + 5 + 4 * 5
    assert size_bytes(network) == 4 * numbers + 8  # BatchNorm counts batches in one int64
    twice = torch.nn.Linear(10, 10, bias=False), torch.nn.Linear(10, 10, bias=False)
    twice[1].weight = twice[0].weight
    assert size_bytes(torch.nn.Sequential(*twice)) == 400


def test_networks_come_ready_to_run() -> None:
    import torch

    network = Models(KB).get("a", lambda: torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(3, 3)))
    assert not network.training
    assert not any(one.requires_grad for one in network.parameters())


def test_on_the_cpu_nothing_is_ever_half() -> None:
    import torch

    assert Models(KB, "cpu", half=True).get("a", layer, half_allowed=True).weight.dtype == torch.float32


@pytest.mark.parametrize(("half", "allowed", "bits"), [(True, True, 16), (True, False, 32), (False, True, 32)])
def test_on_a_gpu_half_is_for_those_that_allow_it(gpu: str, half: bool, allowed: bool, bits: int) -> None:
    network = Models(KB, gpu, half=half).get("a", layer, half_allowed=allowed)
    assert (network.weight.device.type, network.weight.itemsize * 8) == ("cuda", bits)


def test_memory_of_a_gpu_that_runs_out_is_a_sentence_and_what_goes_is_given_back(gpu: str) -> None:
    import torch

    kept = Models(KB, gpu)
    kept.get("a", lambda: layer(50_000 * KB))
    with pytest.raises(AnonymizerError, match="ran out of memory on cuda:0"), kept.told("kNN-VC"):
        torch.zeros(10**13, device=gpu)
    assert kept.kept == {}
    assert torch.cuda.memory_allocated() == 0


def too_much() -> Any:
    """What torch itself raises on a CPU: no machine has an exabyte."""
    import torch

    return torch.zeros(10**18, dtype=torch.uint8)


def python_has_none() -> Any:
    raise MemoryError


@pytest.mark.parametrize("load", [too_much, python_has_none])
def test_memory_that_runs_out_while_loading_frees_the_rest_and_is_a_sentence(load: Callable[[], Any]) -> None:
    kept = Models(10 * KB)
    kept.get("a", layer)
    with pytest.raises(AnonymizerError, match="Loading b ran out of memory on cpu: what was kept there is freed"):
        kept.get("b", load)
    assert kept.kept == {}
    assert kept.get("b", layer) is not None


def test_what_the_others_hold_is_freed_before_giving_up() -> None:
    kept = Models(10 * KB)
    kept.get("a", layer)

    def fits_alone() -> Any:
        if kept.kept:
            raise MemoryError
        return layer()

    kept.get("b", fits_alone)
    assert kept.kept == {"b": KB}


@pytest.mark.parametrize("run", [too_much, python_has_none])
def test_memory_that_runs_out_while_running_is_a_sentence_too(
    run: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Models(10 * KB)
    kept.get("a", layer)
    monkeypatch.setattr(models, "models", lambda: kept)
    with pytest.raises(AnonymizerError, match="kNN-VC ran out of memory"), models.memory_told("kNN-VC"):
        run()
    assert kept.kept == {}


def test_other_faults_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="shapes"), models.memory_told("x"):
        raise RuntimeError("shapes do not fit")
    with pytest.raises(RuntimeError, match="shapes"):
        Models(KB).get("a", lambda: (_ for _ in ()).throw(RuntimeError("shapes do not fit")))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_every_way_of_saying_so_is_known(error: BaseException) -> None:
    assert out_of_memory(error)


def test_torch_says_it_in_one_of_these_ways() -> None:
    import torch

    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(RuntimeError) as raised:
        too_much()
    assert out_of_memory(raised.value)


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "cpu", " CPU "])
def test_the_device_is_the_cpu_unless_named(text: str) -> None:
    assert devices.usable(text) == "cpu"


@pytest.mark.parametrize("text", ["gpu", "cuda:", "cuda:-1", "cuda:1x", "cpu:0", "mps:1", "meta"])
def test_a_device_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(AnonymizerError, match=f"cpu, cuda, cuda:N, mps or auto, but '{text}' came"):
        devices.usable(text)


@pytest.mark.parametrize(
    ("text", "gpus", "mps", "device"),
    [
        ("auto", 0, False, "cpu"),
        ("auto", 0, True, "mps"),
        ("auto", 2, False, "cuda:0"),
        ("cuda", 2, False, "cuda:0"),
        ("cuda:1", 2, False, "cuda:1"),
        ("mps", 0, True, "mps"),
    ],
)
def test_devices_by_what_is_there(
    text: str, gpus: int, mps: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_found", lambda: (gpus, mps))
    assert devices.usable(text) == device


@pytest.mark.parametrize(
    ("text", "gpus", "words"),
    [
        ("cuda", 0, "VOICEVEIL_DEVICE=cuda was asked for, but of CUDA's GPUs this machine has none"),
        ("cuda:3", 2, r"this machine has 2 \(cuda:0 to cuda:1\): take cpu or auto"),
        ("mps", 2, "VOICEVEIL_DEVICE=mps was asked for, but this machine has none"),
    ],
)
def test_a_device_that_is_not_there_is_a_sentence(
    text: str, gpus: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_found", lambda: (gpus, False))
    with pytest.raises(AnonymizerError, match=words):
        devices.usable(text)


def test_what_torch_finds_fits_what_is_usable() -> None:
    gpus, mps = devices._found()
    assert gpus >= 0
    assert devices.usable("auto") == ("cuda:0" if gpus else "mps" if mps else "cpu")


@pytest.mark.parametrize("text", ["none", "0", "-5", "2.5"])
def test_a_budget_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(AnonymizerError, match="VOICEVEIL_MODEL_MEMORY_MB"):
        devices.megabytes(text)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Models]:
    """settings(NAME=value) -> the models of a process with these settings."""

    def of(**named: str) -> Models:
        for name in ("VOICEVEIL_DEVICE", "VOICEVEIL_MODEL_MEMORY_MB", "VOICEVEIL_HALF"):
            monkeypatch.setenv(name, named.get(name, ""))
        return models.models.__wrapped__()

    return of


def test_the_settings_make_the_models(settings: Callable[..., Models]) -> None:
    usual = settings()
    assert (usual.device, usual.half, usual.budget_bytes) == ("cpu", False, devices.memory_bytes() // 4)
    own = settings(VOICEVEIL_MODEL_MEMORY_MB="500", VOICEVEIL_HALF="1")
    assert (own.budget_bytes, own.half) == (500_000_000, False)  # half, but not on a CPU
    with pytest.raises(AnonymizerError, match="VOICEVEIL_HALF is true or false"):
        settings(VOICEVEIL_HALF="maybe")


def test_a_gpu_s_budget_is_half_of_its_memory(gpu: str, settings: Callable[..., Models]) -> None:
    import torch

    own = settings(VOICEVEIL_DEVICE="auto", VOICEVEIL_HALF="yes")
    assert (own.device, own.half) == (gpu, True)
    assert own.budget_bytes == torch.cuda.get_device_properties(0).total_memory // 2


def test_a_container_s_limits_count(tmp_path: Path) -> None:
    assert devices.memory_bytes(tmp_path) == devices.memory_bytes()
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert devices.memory_bytes(tmp_path) == 1_000_000
    assert devices.cores(tmp_path) == 1
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert devices.memory_bytes(tmp_path) == devices.memory_bytes()
    assert devices.cores(tmp_path) == devices.cores() >= 1


def test_threads_are_the_cores_unless_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    told: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    for name in devices.THREADS_TOLD:
        monkeypatch.delenv(name, raising=False)
    devices.use_cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    devices.use_cores()
    assert told == [devices.cores()]


def test_the_module_loads_no_torch() -> None:
    code = "import sys, anonymizers.models as m; m.models(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])
