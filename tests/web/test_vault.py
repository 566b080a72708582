"""The vault: private, unguessable, gone in time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from web.vault import Vault, VaultFull


class Clock:
    def __init__(self) -> None:
        self.time_s = 1_000_000.0

    def __call__(self) -> float:
        return self.time_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(tmp_path: Path, clock: Clock):
    vault = Vault(3000, clock, tmp_path / "home")
    yield vault
    vault.close()


def test_what_is_put_comes_back(vault: Vault) -> None:
    token = vault.put(b"voice")
    assert vault.get(token) == b"voice"
    assert vault.put(b"other") != token


def test_only_the_owner_can_read(vault: Vault) -> None:
    assert vault.folder.stat().st_mode & 0o777 == 0o700
    assert vault.folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "token", ["", "../vault", "a" * 21, "a" * 22, "../../../../etc/passwd", "a" * 21 + "/", "a" * 22 + "\n"]
)
def test_other_names_are_nothing(vault: Vault, token: str) -> None:
    assert vault.path(token) is None
    assert vault.get(token) is None


def test_old_things_are_not_handed_out_and_are_swept(vault: Vault, clock: Clock) -> None:
    old = vault.put(b"old")
    clock.time_s += 2000
    young = vault.put(b"young")
    clock.time_s += 1000
    assert vault.get(old) is None
    assert vault.get(young) == b"young"
    assert vault.sweep() == 1
    assert sorted(path.name for path in vault.folder.iterdir()) == [young]


def test_replacing_does_not_make_it_live_longer(vault: Vault, clock: Clock) -> None:
    token = vault.put(b"first")
    clock.time_s += 2500
    vault.put(b"second", token)
    assert vault.get(token) == b"second"
    clock.time_s += 500
    assert vault.get(token) is None


def test_a_full_vault_says_so_and_still_takes_reports(tmp_path: Path, clock: Clock) -> None:
    vault = Vault(3000, clock, tmp_path, max_bytes=3_000_000)
    sound = b"x" * 1_400_000
    tokens = [vault.put(sound), vault.put(sound)]
    with pytest.raises(VaultFull, match="try again in some minutes"):
        vault.put(sound)
    assert vault.get(vault.put(b"report")) == b"report"
    clock.time_s += 3000
    vault.sweep()
    assert vault.get(vault.put(sound)) == sound
    assert vault.get(tokens[0]) is None
    vault.close()


def test_close_leaves_nothing(vault: Vault) -> None:
    vault.put(b"voice")
    vault.close()
    assert not vault.folder.exists()


def test_old_files_of_others_are_swept_too(vault: Vault, clock: Clock) -> None:
    other = vault.folder.parent / f"{os.getpid()}-other"
    other.mkdir()
    (other / "voice").write_bytes(b"x")
    os.utime(other / "voice", (0, 0))
    assert vault.sweep() == 1


def test_a_folder_open_to_others_is_not_used(tmp_path: Path, clock: Clock) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    vault = Vault(3000, clock, home)
    assert home not in vault.folder.parents
    assert vault.folder.parent.stat().st_mode & 0o777 == 0o700
    vault.close()
    vault.folder.parent.rmdir()


def test_what_a_killed_process_left_is_removed(tmp_path: Path, clock: Clock) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    left, living = home / f"{dead.stdout.strip()}-abcd", home / f"{os.getpid()}-abcd"
    for folder in (left, living):
        folder.mkdir(parents=True)
        (folder / "voice").write_bytes(b"x")
    Vault(3000, clock, home).close()
    assert not left.exists()
    assert living.exists()
