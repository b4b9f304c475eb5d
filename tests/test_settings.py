from __future__ import annotations

from pathlib import Path

import pytest

from server import manners_of
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


def test_production_holds_the_usual_rates_unless_told() -> None:
    development, production = manners_of(Settings.read({})), manners_of(Settings.read({"PRODUCTION": "1"}))
    assert (development.production, development.viewer_rate, development.address_rate) == (False, 0, 0)
    assert (production.production, production.viewer_rate, production.address_rate) == (True, 50, 500)
    told = manners_of(Settings.read({"PRODUCTION": "yes", "VIEWER_RATE": "0", "ADDRESS_RATE": "2.5"}))
    assert (told.viewer_rate, told.address_rate) == (0, 2.5)


def test_sites_are_named_by_their_origin() -> None:
    settings = Settings.read({"ALLOWED_ORIGINS": "https://app.example.com, http://localhost:3000"})
    assert settings.allowed_origins == {"https://app.example.com", "http://localhost:3000"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("PRODUCTION", "maybe"), ("VIEWER_RATE", "-1"), ("ADDRESS_RATE", "many"), ("TIME_LIMIT", "0"),
     ("ALLOWED_ORIGINS", "*"), ("ALLOWED_ORIGINS", "https://a.example/"), ("ALLOWED_ORIGINS", "null")],
)  # fmt: skip
def test_what_makes_no_sense_is_told(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.read({name: value})


def test_a_manifest_of_trusted_documents_is_checked_at_the_start(tmp_path: Path) -> None:
    manifest = tmp_path / "trusted.json"

    def trusted(text: str) -> object:
        manifest.write_text(text)
        return manners_of(Settings.read({"TRUSTED_DOCUMENTS": str(manifest), "TRUSTED_ONLY": "1"})).trusted

    digest = "4c6fcfb1bb1e2df9a1ffa4d0a6f4a5eb6c4bd3c6fb1a3bdb4e1ff9d3f6a9c1aa"
    assert trusted('{"t": "{ viewer { id } }"}') == {"t": "{ viewer { id } }"}
    for wrong in ("", "[]", '{"t": 1}', '{"t": "{ nothing }"}', f'{{"sha256:{digest}": "{{ viewer {{ id }} }}"}}'):
        with pytest.raises(BadSetting, match="TRUSTED_DOCUMENTS"):
            trusted(wrong)
    with pytest.raises(BadSetting, match="TRUSTED_DOCUMENTS"):
        manners_of(Settings.read({"TRUSTED_ONLY": "1"}))
