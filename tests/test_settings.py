from __future__ import annotations

from pathlib import Path

import pytest

from settings import BadSetting, Settings


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.read({"PORT": " ", "DATABASE_URL": ""})
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8000, None)
    assert settings.keys == Path.cwd() / "data/keys"


def test_keys_may_live_elsewhere() -> None:
    settings = Settings.read({"DATA": "/srv/meritbook", "KEYS": "/etc/meritbook"})
    assert (settings.data, settings.keys) == (Path("/srv/meritbook"), Path("/etc/meritbook"))


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000.0", "²"])
def test_a_port_is_a_port(port: str) -> None:
    with pytest.raises(BadSetting, match="PORT must be"):
        Settings.read({"PORT": port})


def test_a_database_is_a_postgresql() -> None:
    assert Settings.read({"DATABASE_URL": "postgres://x@y/z"}).database_url == "postgres://x@y/z"
    with pytest.raises(BadSetting, match="DATABASE_URL"):
        Settings.read({"DATABASE_URL": "mysql://x@y/z"})
