"""Where networks run, how much memory and how many threads there are; torch is asked only where it must be."""

from __future__ import annotations

import gc
import os
import re
import sys
import warnings
from pathlib import Path

from anonymizers.base import AnonymizerError, Param

NAMES = re.compile(r"cpu|cuda|cuda:\d{1,3}|mps|auto")
CGROUP = Path("/sys/fs/cgroup")
UNKNOWN_BYTES = 8_000_000_000
"""Taken for the machine's memory where it does not tell."""
THREADS_TOLD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def named(text: str) -> str:
    """VOICEVEIL_DEVICE, checked for its form alone; "" is "cpu". Does not load torch.

    Raises:
        AnonymizerError: if it is none of the names.
    """
    name = text.strip().lower() or "cpu"
    if not NAMES.fullmatch(name):
        raise AnonymizerError(f"VOICEVEIL_DEVICE is cpu, cuda, cuda:N, mps or auto, but {text!r} came.")
    return name


def usable(text: str) -> str:
    """The device that VOICEVEIL_DEVICE means, as torch names it: "cpu", "cuda:0", "mps". Only the CPU needs no torch.

    Raises:
        AnonymizerError: if it is not there.
    """
    name = named(text)
    if name == "cpu":
        return name
    gpus, mps = _found()
    if name == "auto":
        return "cuda:0" if gpus else "mps" if mps else "cpu"
    if name == "mps":
        if not mps:
            raise AnonymizerError("VOICEVEIL_DEVICE=mps was asked for, but this machine has none: take cpu or auto.")
        return name
    number = int(name.partition(":")[2] or 0)
    if number >= gpus:
        there = f"has {gpus} (cuda:0 to cuda:{gpus - 1})" if gpus else "has none that PyTorch can use"
        raise AnonymizerError(
            f"VOICEVEIL_DEVICE={name} was asked for, but of CUDA's GPUs this machine {there}: take cpu or auto."
        )
    return f"cuda:{number}"


def _found() -> tuple[int, bool]:
    """How many GPUs CUDA has, and whether there is MPS."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drivers that are too old: then there is none
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return gpus, torch.backends.mps.is_available()


def flag(text: str) -> bool:
    """VOICEVEIL_HALF; "" is no.

    Raises:
        AnonymizerError: if it is neither yes nor no.
    """
    return Param("VOICEVEIL_HALF", "flag", False, "", "").parse(text.strip() or "0")


def megabytes(text: str) -> int:
    """VOICEVEIL_MODEL_MEMORY_MB; 0 for "".

    Raises:
        AnonymizerError: if it is no number from 1 on.
    """
    if not text.strip():
        return 0
    return int(Param("VOICEVEIL_MODEL_MEMORY_MB", "int", 0, "", "", 1, 10_000_000, unit="MB").parse(text.strip()))


def share_of_memory(device: str) -> int:
    """How much networks may take when nobody says: a quarter of the machine's memory, half of a GPU's; in bytes."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_properties(device).total_memory // 2
    return memory_bytes() // 4


def memory_bytes(limits: Path = CGROUP) -> int:
    """The memory of this machine, or of the container if that has less."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        there = UNKNOWN_BYTES
    allowed = _read(limits / "memory.max")
    return min(there, int(allowed)) if allowed.isdigit() else there


def cores(limits: Path = CGROUP) -> int:
    """The cores that this process may use, at least 1: also where a container has fewer than its machine."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(limits / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit() and int(period) > 0:
        there = min(there, int(quota) // int(period))
    return max(1, there)


def use_cores() -> None:
    """Let torch compute with all cores this process may use, unless the environment says how many (OMP_NUM_THREADS).

    torch alone would take those of the whole machine, also in a container that may use two of sixty-four.
    """
    if not any(os.environ.get(name) for name in THREADS_TOLD):
        import torch

        torch.set_num_threads(cores())


def give_back_memory(device: str) -> None:
    """Give memory that is no longer used back to the device."""
    gc.collect()
    if device == "cpu" or "torch" not in sys.modules:
        return
    import torch

    (torch.cuda if device.startswith("cuda") else torch.mps).empty_cache()


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
