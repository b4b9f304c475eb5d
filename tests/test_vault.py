from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vault import BadKey, Vault


def test_keys_are_made_once_and_are_all_different(tmp_path: Path) -> None:
    first = Vault.open(tmp_path / "keys")
    assert first == Vault.open(tmp_path / "keys")
    assert len({first.tokens, first.people, first.claims, first.cursors, first.checkpoints}) == 5


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    Vault.open(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(key.stat().st_mode) for key in (tmp_path / "keys").iterdir()} == {0o600}


def test_they_are_not_shown(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "keys")
    assert vault.people.hex() not in repr(vault)
    assert repr(vault.people) not in repr(vault)


def test_who_starts_together_has_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        vaults = list(pool.map(Vault.open, [tmp_path / "keys"] * 8))
    assert all(vault == vaults[0] for vault in vaults)


def test_half_a_key_is_no_key(tmp_path: Path) -> None:
    Vault.open(tmp_path / "keys")
    (tmp_path / "keys/people.key").write_text("abcd\n")
    with pytest.raises(BadKey, match=r"people\.key"):
        Vault.open(tmp_path / "keys")
