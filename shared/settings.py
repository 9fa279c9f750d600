"""What is set from outside, in one typed place. Every variable begins with FORTRESS_."""

from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.errors import ConfigurationError

DEVELOPMENT_SECRET = "development-only-secret-of-no-value"  # noqa: S105 - refused elsewhere
SHORTEST_SECRET = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
DATABASE_FORMS = "sqlite+aiosqlite:///path or mysql+aiomysql://user:password@host:port/name"
BUS_OPTION = "ssl_ca_certs"
DATABASE_SCHEMES = ("sqlite+aiosqlite", "mysql+aiomysql")


class Environment(StrEnum):
    development = "development"
    staging = "staging"
    production = "production"


class Settings(BaseSettings):
    """Settings that every app has. An app's own class adds to it."""

    model_config = SettingsConfigDict(
        env_prefix="FORTRESS_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    environment: Environment = Field(
        Environment.development, description="development, staging or production"
    )
    domain: str = Field(
        "fortress.localhost", description="each app answers at its subdomain of this"
    )
    database_url: str = Field(
        "sqlite+aiosqlite:///var/fortress.db",
        description=DATABASE_FORMS,
        # It may have a password in it.
        repr=False,
    )
    database_password: SecretStr | None = Field(
        None,
        description="the password for FORTRESS_DATABASE_URL, as it is, where the URL has none",
    )
    database_iam: bool = Field(
        False,
        description="sign in to the database with IAM tokens instead of the URL's password, "
        "over verified TLS only",
    )
    database_ca: Path | None = Field(
        None,
        description="CA bundle for the database's certificate; given, verified TLS is required "
        "without IAM too. Default: no TLS without IAM, and with it the system's trust store",
    )
    database_pool: int = Field(5, ge=1, le=100, description="connections kept per process")
    aws_region: str = Field("us-east-1", description="region that IAM tokens are signed for")
    bus_url: str = Field(
        "memory://",
        description="memory:// or redis://host:port/0; rediss:// for TLS, verified against the "
        "system's trust store or ?ssl_ca_certs=FILE",
        repr=False,
    )
    bus_password: SecretStr | None = Field(
        None,
        description="the password for FORTRESS_BUS_URL, as it is, where the URL has none; outside "
        "development over TLS only",
    )
    storage_url: str = Field("file://var/files", description="file://folder or s3://bucket/prefix")
    secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description="signs cursors and tokens of forms, seals mail; 32 characters or more",
    )
    internal_port: int = Field(
        0, ge=0, le=65535, description="port of /metrics, /healthz and /readyz; 0: none"
    )
    task: str = Field(
        "", max_length=56, description="name of this process; default: made up at the start"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):  # the latter for a port that is no number
            raise ValueError(f"not a database URL; use {DATABASE_FORMS}") from None
        if url.drivername not in DATABASE_SCHEMES:
            raise ValueError(f"{url.drivername} is not supported; use {DATABASE_FORMS}")
        if not url.database:
            raise ValueError("the database URL names no database")
        return value

    @field_validator("bus_url")
    @classmethod
    def _known_bus(cls, value: str) -> str:
        if not value.startswith(("memory://", "redis://", "rediss://", "valkey://", "valkeys://")):
            raise ValueError("not a bus URL; use memory:// or redis://host:port/0")
        # Others could weaken TLS, carry a password, or change what the bus decides on.
        if more := parse_qs(urlsplit(value).query, keep_blank_values=True).keys() - {BUS_OPTION}:
            raise ValueError(
                f"{min(more)[:32]!a} is not an option of it; {BUS_OPTION} is the only one"
            )
        return value

    @field_validator("database_password", "bus_password")
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise ValueError("it is empty; set it, or leave it out")
        return value

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        if not value.startswith(("file://", "s3://")):
            raise ValueError("not a storage URL; use file://folder or s3://bucket/prefix")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f"not a level; use one of {', '.join(LOG_LEVELS)}")
        return value.upper()

    @model_validator(mode="after")
    def _safe(self) -> Self:
        secret = self.secret.get_secret_value()
        if self.environment is not Environment.development and secret == DEVELOPMENT_SECRET:
            raise ValueError("FORTRESS_SECRET still has its development value; set a random one")
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"FORTRESS_SECRET is shorter than {SHORTEST_SECRET} characters")
        return self

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        url = make_url(self.database_url)
        mysql = url.get_backend_name() == "mysql"
        if self.database_iam and not mysql:
            raise ValueError("FORTRESS_DATABASE_IAM needs a mysql+aiomysql FORTRESS_DATABASE_URL")
        if self.database_iam and not (url.username and url.host):
            raise ValueError(
                "FORTRESS_DATABASE_IAM needs a user and a host in FORTRESS_DATABASE_URL: "
                "tokens are made for both"
            )
        if self.database_password is None:
            return self
        if self.database_iam:
            raise ValueError(
                "FORTRESS_DATABASE_PASSWORD and FORTRESS_DATABASE_IAM are two ways to sign in; "
                "leave one out"
            )
        if not (mysql and url.username):
            raise ValueError(
                "FORTRESS_DATABASE_PASSWORD needs a user in a mysql+aiomysql FORTRESS_DATABASE_URL"
            )
        if url.password is not None:
            raise ValueError(
                "FORTRESS_DATABASE_PASSWORD is set and FORTRESS_DATABASE_URL has a password too; "
                "take that out of the URL"
            )
        return self

    @model_validator(mode="after")
    def _tells_the_bus_in_secret(self) -> Self:
        url = urlsplit(self.bus_url)
        if self.bus_password is not None and url.scheme == "memory":
            raise ValueError("FORTRESS_BUS_PASSWORD needs a rediss:// FORTRESS_BUS_URL")
        if self.bus_password is not None and url.password is not None:
            raise ValueError(
                "FORTRESS_BUS_PASSWORD is set and FORTRESS_BUS_URL has a password too; "
                "take that out of the URL"
            )
        plain = url.scheme in ("redis", "valkey")
        secret = self.bus_password is not None or url.password is not None
        if plain and secret and self.environment is not Environment.development:
            raise ValueError(
                "FORTRESS_BUS_URL: the bus's password would go over the network in plain text; "
                "use rediss://"
            )
        return self

    @property
    def database_address(self) -> URL:
        """`database_url` with the password that is kept apart from it. Shown, it hides both."""
        url = make_url(self.database_url)
        if self.database_password is None:
            return url
        return url.set(password=self.database_password.get_secret_value())


class SealingSettings(Settings):
    """Settings of an app that reads again what it sealed."""

    secret_before: SecretStr | None = Field(
        None,
        description="the FORTRESS_SECRET that was in force before this one, as long as something "
        "is sealed or signed with it; the log says when nothing is",
    )

    @field_validator("secret_before", mode="before")
    @classmethod
    def _none_is_none(cls, value: object) -> object:
        # docker-compose.yml hands it on, set or not.
        return value or None

    @model_validator(mode="after")
    def _is_another(self) -> Self:
        if self.secret_before is None:
            return self
        before = self.secret_before.get_secret_value()
        if len(before) < SHORTEST_SECRET:
            raise ValueError(
                f"FORTRESS_SECRET_BEFORE is shorter than {SHORTEST_SECRET} characters; "
                "leave it out where there is none"
            )
        if before == self.secret.get_secret_value():
            raise ValueError(
                "FORTRESS_SECRET_BEFORE is FORTRESS_SECRET itself; set the one before, "
                "or leave it out"
            )
        return self


S = TypeVar("S", bound="Settings")


def load(kind: type[S], **overrides: object) -> S:
    """Settings from the environment. Raises `ConfigurationError` that names what is wrong."""
    try:
        return kind(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        raise ConfigurationError("; ".join(_sentence(item) for item in error.errors())) from None


def _sentence(item: object) -> str:
    assert isinstance(item, dict)
    name = "_".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"FORTRESS_{name.upper()}: {message}" if name else message
