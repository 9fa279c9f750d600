"""What `make run` takes from outside."""

import pytest

from apps.local.settings import LocalSettings, load_local
from shared.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "TCP_PORT", "VAR", "FLEET"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"FORTRESS_{name}", raising=False)
    monkeypatch.delenv("FORTRESS_DATABASE_URL", raising=False)


def test_short_names_move_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8001")
    monkeypatch.setenv("TCP_PORT", "9001")
    monkeypatch.setenv("VAR", "/tmp/other")
    monkeypatch.setenv("FLEET", "0")
    settings = load_local()
    assert (settings.port, settings.tcp_port, settings.fleet) == (8001, 9001, 0)
    assert settings.database_url == "sqlite+aiosqlite:////tmp/other/fortress.db"
    assert settings.storage_url == "file:///tmp/other/files"


def test_an_empty_short_name_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_local().port == LocalSettings.model_fields["port"].default


def test_a_database_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_DATABASE_URL", "mysql+aiomysql://root@127.0.0.1/fortress")
    assert load_local().database_url == "mysql+aiomysql://root@127.0.0.1/fortress"


def test_an_override_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8001")
    assert load_local(port=8002).port == 8002


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("FLEET", "-1"), ("PORT", "70000")]
)
def test_what_is_not_acceptable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load_local()
