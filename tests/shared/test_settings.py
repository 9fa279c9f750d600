"""What is wrong with the settings is one sentence that names the variable."""

import pytest
from pydantic import Field

from shared.errors import ConfigurationError
from shared.settings import Environment, SealingSettings, Settings, load

RANDOM, BEFORE = "x" * 40, "b" * 40
SIGN_IN = ("DATABASE_URL", "DATABASE_PASSWORD", "DATABASE_IAM", "BUS_URL", "BUS_PASSWORD")
MYSQL = "mysql+aiomysql://user@db.example.com/fortress"
# What would be cut off, or end the address early, if it were put into a URL as it is.
HARD = "p@ss:w/or%64#?'\"\\ é"


class Strict(Settings):
    must: str = Field(description="has no default")


def refused(kind: type[Settings] = Settings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(kind)
    assert "\n" not in caught.value.detail
    return caught.value.detail


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "SECRET", "STORAGE_URL", *SIGN_IN):
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


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("hunter2", "FORTRESS_SECRET_BEFORE is shorter than 32 characters"),
        (RANDOM, "FORTRESS_SECRET_BEFORE is FORTRESS_SECRET itself"),
    ],
)
def test_a_secret_before_that_is_none_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, before: str, said: str
) -> None:
    monkeypatch.setenv("FORTRESS_SECRET", RANDOM)
    monkeypatch.setenv("FORTRESS_SECRET_BEFORE", before)
    assert refused(SealingSettings).startswith(said)
    assert before not in refused(SealingSettings)


def test_a_secret_before_is_known_to_apps_that_seal_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORTRESS_ENVIRONMENT", "production")
    monkeypatch.setenv("FORTRESS_SECRET", RANDOM)
    monkeypatch.setenv("FORTRESS_SECRET_BEFORE", BEFORE)
    settings = load(SealingSettings)
    assert settings.secret_before is not None
    assert settings.secret_before.get_secret_value() == BEFORE
    assert BEFORE not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "secret_before" not in load(Settings).model_dump()


def test_an_empty_secret_before_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_SECRET_BEFORE", "")
    assert load(SealingSettings).secret_before is None


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


def test_a_database_password_kept_apart_is_taken_as_it_is() -> None:
    address = load(Settings, database_url=MYSQL, database_password=HARD).database_address
    assert (address.username, address.password) == ("user", HARD)
    assert (address.host, address.database) == ("db.example.com", "fortress")


def test_passwords_do_not_show_when_settings_or_addresses_are_printed() -> None:
    apart = load(
        Settings,
        database_url=MYSQL,
        database_password="hunter2",
        bus_url="rediss://h/0",
        bus_password="hunter2",
    )
    inside = load(
        Settings, database_url=MYSQL.replace("@", ":hunter2@"), bus_url="redis://:hunter2@h/0"
    )
    shown = (apart, inside, apart.database_address, inside.database_address, apart.model_dump())
    assert "hunter2" not in "".join(f"{item!r} {item}" for item in shown)


def test_what_is_refused_does_not_show_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_DATABASE_URL", MYSQL.replace("@", ":hunter2@"))
    monkeypatch.setenv("FORTRESS_DATABASE_PASSWORD", "hunter3")
    assert "hunter" not in refused()
    with pytest.raises(ValueError, match="FORTRESS_DATABASE_PASSWORD") as caught:
        Settings()
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DATABASE_PASSWORD": "x"}, "FORTRESS_DATABASE_PASSWORD needs a user"),
        ({"DATABASE_PASSWORD": "x", "DATABASE_URL": "mysql+aiomysql://h/d"}, "needs a user"),
        (
            {"DATABASE_PASSWORD": "x", "DATABASE_URL": MYSQL, "DATABASE_IAM": "true"},
            "two ways to sign in",
        ),
        (
            {"DATABASE_PASSWORD": "x", "DATABASE_URL": "mysql+aiomysql://u:p@h/d"},
            "take that out of the URL",
        ),
        ({"DATABASE_PASSWORD": "", "DATABASE_URL": MYSQL}, "PASSWORD: it is empty"),
        ({"BUS_PASSWORD": "", "BUS_URL": "rediss://h/0"}, "FORTRESS_BUS_PASSWORD: it is empty"),
        ({"BUS_PASSWORD": "x"}, "needs a rediss:// FORTRESS_BUS_URL"),
        ({"BUS_PASSWORD": "x", "BUS_URL": "rediss://:p@h/0"}, "take that out of the URL"),
        ({"BUS_URL": "rediss://h/0?ssl_cert_reqs=none"}, "'ssl_cert_reqs' is not an option"),
        ({"BUS_URL": "redis://h/0?password=hunter2"}, "'password' is not an option"),
    ],
)
def test_a_wrong_way_to_sign_in_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"FORTRESS_{name}", value)
    assert said in refused()
    assert "hunter2" not in refused()


@pytest.mark.parametrize("url", ["redis://h/0", "valkey://:hunter2@h/0"])
def test_outside_development_no_password_goes_to_the_bus_in_plain_text(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    password = None if "@" in url else "hunter2"
    load(Settings, bus_url=url, bus_password=password)
    monkeypatch.setenv("FORTRESS_ENVIRONMENT", "production")
    with pytest.raises(ConfigurationError, match="in plain text; use rediss://"):
        load(Settings, bus_url=url, bus_password=password, secret=RANDOM)
