"""The environments that Fortress is deployed to: `environments.toml`, typed and checked.

Everything that can be told to be wrong without an account is told here, as a `ConfigurationError`
that names the key and what to write instead.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from infra.checks import check
from infra.sizes import Aurora, Peak, ProxyLimits, ServiceSize, Valkey
from shared.errors import ConfigurationError

__all__ = ["Aurora", "Delivery", "Environment", "Peak", "ProxyLimits", "ServiceSize", "Valkey"]
FILE = Path(__file__).with_name("environments.toml")
# Stands for an account that is still to be named: templates are made with it, nothing is deployed.
PLACEHOLDER = "000000000000"
T = TypeVar("T")


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deployed Fortress.

    `zones`: full names; in the small profile tasks, NAT and databases are in the first one only,
    the second has the subnets that AWS insists on. `hosted_zone_id`: the Route 53 zone of
    `domain`; without it `certificate` (ARN, of `domain` and `*.domain`) is needed and records are
    made by hand. `cdn_certificate`: the same for CloudFront, always from us-east-1. `nat`: NAT
    gateways, at most one a zone. `endpoints`: interface endpoints by their service's short name.
    `log_days`: as CloudWatch offers. `budget_usd`: a month.
    """

    name: str
    profile: Literal["small", "full"]
    account: str
    region: str
    zones: tuple[str, ...]
    cidr: str
    domain: str
    hosted_zone_id: str | None = None
    certificate: str | None = None
    cdn_certificate: str | None = None
    waf: bool
    nat: int
    endpoints: tuple[str, ...]
    aurora: Aurora
    proxy: ProxyLimits
    valkey: Valkey
    services: dict[str, ServiceSize]
    bastion: ServiceSize
    budget_usd: int
    log_days: int
    deletion_protection: bool
    alarm_email: str | None = None

    @property
    def full(self) -> bool:
        return self.profile == "full"

    @property
    def task_zones(self) -> tuple[str, ...]:
        """Zones that tasks run in."""
        return self.zones if self.full else self.zones[:1]

    @property
    def prefix(self) -> str:
        """What the names of its stacks begin with."""
        return f"fortress-{self.name}"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What environments share: where images are, and the repository (owner/name) that deploys."""

    account: str
    region: str
    repository: str


def load(name: str, file: Path = FILE) -> Environment:
    """The environment. Raises `ConfigurationError`."""
    tables = _read(file)
    found = _environments(tables)
    if name not in found:
        raise ConfigurationError(
            f"{file.name} has no environment {name!r}; it has {', '.join(sorted(found))}"
        )
    return _environment(name, tables, file)


def load_all(file: Path = FILE) -> tuple[Environment, ...]:
    """Every environment, in the file's order. Raises `ConfigurationError`."""
    tables = _read(file)
    return tuple(_environment(name, tables, file) for name in _environments(tables))


def load_delivery(file: Path = FILE) -> Delivery:
    """The account-wide part. Raises `ConfigurationError`."""
    table = _read(file).get("delivery")
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file.name} has no [delivery]: add account, region, repository")
    return _typed(table, Delivery, f"{file.name} [delivery]")


def check_account(environment: Environment | Delivery, caller: str) -> None:
    """Deploying as `caller` is right. Raises `ConfigurationError` for another or no account."""
    if environment.account == PLACEHOLDER:
        raise ConfigurationError(
            "account is still the placeholder 000000000000: write the account's number into "
            "infra/environments.toml before deploying"
        )
    if environment.account != caller:
        raise ConfigurationError(
            f"the credentials are of account {caller}, infra/environments.toml says "
            f"{environment.account}: use that account's credentials"
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{file} is missing: it describes the environments") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file.name} is not TOML: {error}") from None


def _environments(tables: dict[str, Any]) -> list[str]:
    return [name for name in tables if name not in {"delivery", "profiles"}]


def _environment(name: str, tables: dict[str, Any], file: Path) -> Environment:
    where = f"{file.name} [{name}]"
    own = tables[name]
    profiles = tables.get("profiles", {})
    profile = own.get("profile") if isinstance(own, dict) else None
    if profile not in profiles:
        raise ConfigurationError(f"{where}: profile is one of {', '.join(sorted(profiles))}")
    values = merged(profiles[profile], own) | {"name": name}
    services = values.get("services")
    for app, size in services.items() if isinstance(services, dict) else ():
        _typed(size, ServiceSize, f"{where} services.{app}")  # as errors of the whole name no app
    environment = _typed(values, Environment, where)
    check(environment, where)
    return environment


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`, tables inside tables too."""
    result = dict(base)
    for key, value in over.items():
        before = result.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            result[key] = merged(before, value)
        else:
            result[key] = value
    return result


def _typed(values: Any, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        key = place.strip("`").removeprefix("$").removeprefix(".")
        raise ConfigurationError(
            f"{where}: {key}: {reason}" if key else f"{where}: {reason}"
        ) from None
