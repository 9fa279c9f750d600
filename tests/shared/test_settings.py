"""What is wrong with the settings is one sentence that names the variable."""

import pytest
from pydantic import Field

from shared.errors import ConfigurationError
from shared.settings import Environment, Settings, load

RANDOM = "x" * 40


class Strict(Settings):
    must: str = Field(description="has no default")


def refused(kind: type[Settings] = Settings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(kind)
    assert "\n" not in caught.value.detail
    return caught.value.detail


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "SECRET", "DATABASE_URL", "BUS_URL", "STORAGE_URL"):
        monkeypatch.delenv(f"FORTRESS_{name}", raising=False)


def test_a_laptop_needs_nothing_set() -> None:
    settings = load(Settings)
    assert settings.environment is Environment.development
    assert settings.database_url.startswith("sqlite")


def test_the_environment_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_DATABASE_URL", "mysql+aiomysql://u:p@h:3306/d")
    monkeypatch.setenv("FORTRESS_DATABASE_POOL", "7")
    settings = load(Settings)
    assert settings.database_url == "mysql+aiomysql://u:p@h:3306/d"
    assert settings.database_pool == 7


def test_what_is_missing_is_named() -> None:
    assert refused(Strict) == "FORTRESS_MUST: Field required"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql://h/d"),
        ("DATABASE_URL", "mysql+aiomysql://h:port/d"),
        ("DATABASE_URL", "mysql+aiomysql://h"),
        ("BUS_URL", "amqp://h"),
        ("BUS_URL", ""),
        ("STORAGE_URL", "/tmp"),
        ("STORAGE_URL", "ftp://h"),
        ("ENVIRONMENT", "prod"),
        ("DATABASE_POOL", "0"),
        ("DATABASE_POOL", "many"),
        ("INTERNAL_PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_what_is_malformed_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FORTRESS_{name}", value)
    assert refused().startswith(f"FORTRESS_{name}: ")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_development_secret_is_refused_elsewhere(
    monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("FORTRESS_ENVIRONMENT", environment)
    assert refused().startswith("FORTRESS_SECRET still has its development value")
    monkeypatch.setenv("FORTRESS_SECRET", RANDOM)
    assert load(Settings).secret.get_secret_value() == RANDOM


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_SECRET", "hunter2")
    assert "hunter2" not in refused()
    assert refused().startswith("FORTRESS_SECRET is shorter")


def test_iam_needs_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_DATABASE_IAM", "true")
    assert refused().startswith("FORTRESS_DATABASE_IAM needs")


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_BUS_URL", "x")
    monkeypatch.setenv("FORTRESS_STORAGE_URL", "x")
    assert "FORTRESS_BUS_URL" in refused()
    assert "FORTRESS_STORAGE_URL" in refused()


def test_a_secret_does_not_show_when_settings_are_printed() -> None:
    assert RANDOM not in repr(load(Settings, secret=RANDOM))
