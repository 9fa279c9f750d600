"""What must hold between the values of an environment; each error names key and remedy."""

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.routes import load as load_routes
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from infra.environments import Environment

# Zones of the regions that this has been thought through for. AWS has no list without an account.
ZONES = {
    "us-east-1": "abcdef",
    "us-east-2": "abc",
    "us-west-2": "abcd",
    "eu-central-1": "abc",
    "eu-north-1": "abc",
    "eu-west-1": "abc",
    "eu-west-2": "abc",
}
# MiB that Fargate offers for CPU units.
FARGATE = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16_385, 1024)),
    4096: tuple(range(8192, 30_721, 1024)),
}
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365)
ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssmmessages", "kms", "sts")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def check(environment: "Environment", where: str) -> None:
    """Raise `ConfigurationError` for the first thing that does not hold."""
    for problem in (
        _account,
        _zones,
        _domain,
        _certificate,
        _cdn,
        _cidr,
        _network,
        _services,
        _data,
    ):
        found = problem(environment)
        if found:
            raise ConfigurationError(f"{where}: {found}")


def _account(environment: "Environment") -> str | None:
    if not re.fullmatch(r"\d{12}", environment.account):
        return f"account {environment.account!r} is not an account: write its twelve digits"
    return None


def _zones(environment: "Environment") -> str | None:
    region = environment.region
    if region not in ZONES:
        return f"region {region!r} is not known; use one of {', '.join(ZONES)}"
    known = [region + letter for letter in ZONES[region]]
    for zone in environment.zones:
        if zone not in known:
            return f"zones: {zone!r} is not in {region}; use {', '.join(known)}"
    wanted = 3 if environment.full else 2
    if len(set(environment.zones)) != wanted or len(environment.zones) != wanted:
        return f"zones: the profile {environment.profile} takes {wanted} different zones"
    return None


def _domain(environment: "Environment") -> str | None:
    if not DOMAIN.fullmatch(environment.domain):
        return f"domain {environment.domain!r} is not a domain in small letters"
    return None


def _certificate(environment: "Environment") -> str | None:
    if environment.hosted_zone_id is None and environment.certificate is None:
        return (
            "certificate is missing: set hosted_zone_id (one is made and validated in that zone) "
            "or certificate (the ARN of one for the domain and *.domain)"
        )
    zone = environment.hosted_zone_id
    if zone is not None and not re.fullmatch(r"Z[A-Z0-9]{8,31}", zone):
        return f"hosted_zone_id {zone!r} is not the id of a zone: it looks like Z0123456789ABC"
    return _arn("certificate", environment.certificate, environment, environment.region)


def _cdn(environment: "Environment") -> str | None:
    made = environment.hosted_zone_id is not None and environment.region == "us-east-1"
    if environment.cdn_certificate is None and not made:
        return (
            "cdn_certificate is missing: CloudFront takes certificates of us-east-1 only; make one "
            "there for *.domain and give its ARN"
        )
    return _arn("cdn_certificate", environment.cdn_certificate, environment, "us-east-1")


def _arn(key: str, arn: str | None, environment: "Environment", region: str) -> str | None:
    form = f"arn:aws:acm:{region}:{environment.account}:certificate/"
    if arn is not None and not re.fullmatch(re.escape(form) + r"[0-9a-f-]{36}", arn):
        return f"{key} {arn!r} is not of this account and region: it begins with {form}"
    return None


def _network(environment: "Environment") -> str | None:
    most = len(environment.task_zones)
    if not 1 <= environment.nat <= most:
        return f"nat {environment.nat}: from 1 to {most}, one for each zone that tasks run in"
    for endpoint in environment.endpoints:
        if endpoint not in ENDPOINTS:
            return f"endpoints: {endpoint!r} is not known; use any of {', '.join(ENDPOINTS)}"
    return None


def _cidr(environment: "Environment") -> str | None:
    try:
        network = ip_network(environment.cidr)
    except ValueError:
        return f"cidr {environment.cidr!r} is not a network: for example 10.40.0.0/16"
    if network.prefixlen > 17 or not network.is_private:
        return f"cidr {environment.cidr!r} is not private and of size /17 at least: 10.40.0.0/16"
    return None


def _services(environment: "Environment") -> str | None:
    routes = load_routes()
    apps = {route.app for route in routes.web} | {route.app for route in routes.devices}
    if set(environment.services) != apps:
        odd = ", ".join(sorted(apps ^ set(environment.services)))
        return f"services: {odd}: the table has exactly the apps of infra/routes.json"
    sizes = environment.services | {"bastion": environment.bastion}
    for app, size in sizes.items():
        key = app if app == "bastion" else f"services.{app}"
        if size.minimum > size.maximum:
            return f"{key}: minimum {size.minimum} is above maximum {size.maximum}"
        if any(peak.minimum > size.maximum for peak in size.peaks):
            return f"{key}.peaks: a minimum is above maximum {size.maximum}"
        if size.memory not in FARGATE.get(size.cpu, ()):
            return f"{key}: Fargate has no task of cpu {size.cpu} with memory {size.memory}"
    return None


def _data(environment: "Environment") -> str | None:
    kind = environment.aurora.instance_class
    if not re.fullmatch(r"(t4g|[rx]\d+g[a-z]*)\.(medium|\d*x?large)", kind):
        return f"aurora.instance_class {kind!r} is not Graviton: for example t4g.medium, r7g.large"
    if not re.fullmatch(r"cache\.[a-z]\d+g[a-z]*\.\w+", environment.valkey.node_type):
        return f"valkey.node_type {environment.valkey.node_type!r}: for example cache.t4g.micro"
    nodes, zones = environment.valkey.nodes, len(environment.task_zones)
    if nodes > zones:
        return f"valkey.nodes {nodes}: at most one a zone, and tasks run in {zones}"
    if environment.log_days not in LOG_DAYS:
        return f"log_days {environment.log_days}: CloudWatch offers {LOG_DAYS}"
    if environment.budget_usd < 1:
        return f"budget_usd {environment.budget_usd}: dollars a month, at least 1"
    return None
