"""Load balancers, CloudFront, WAF and names."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from infra.plan.bill import Line
from infra.plan.load import HOURS, MILLION, Load
from infra.plan.money import Range, between, exactly, total
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource

GROUP: Final = "edge"
# Gigabytes and requests of CloudFront a month that are free for every account, always.
FREE_GB: Final = Decimal(1_000)
FREE_REQUESTS: Final = Decimal(10)  # millions


@rule("AWS::ElasticLoadBalancingV2::LoadBalancer")
def balancer(resource: Resource, context: Context) -> Iterator[Line]:
    kind = "nlb" if resource.get("Type") == "network" else "alb"
    name = kind.upper()
    yield context.line(GROUP, f"{name} hours", f"{kind}.hour", quantity=HOURS, fixed=True)
    units = _network(context.load) if kind == "nlb" else _application(context.load)
    yield context.line(
        GROUP,
        f"{name} capacity units",
        f"{kind}.lcu",
        quantity=units * HOURS,
        fixed=False,
        why="the largest of connections, new connections and bytes, each against its unit",
    )
    if resource.get("Scheme") == "internet-facing":
        subnets = len(resource.get("Subnets", resource.get("SubnetMappings", [])))
        yield context.line(
            "network",
            f"public addresses of the {name}",
            "ipv4.hour",
            quantity=subnets * HOURS,
            fixed=True,
            why=f"one in each of {subnets} zones",
        )


def _network(load: Load) -> Range:
    """NLCUs: TCP 800 new a second, 100,000 active, 1 GB an hour; TLS 50, 3,000 and 1 GB."""
    tls = Decimal(load.tls_percent) / 100
    new = Decimal(load.devices * load.reconnects_a_day) / 86_400
    traffic = load.balanced_gb * (Decimal(1) / HOURS)
    parts = []
    for share, connecting, active in ((1 - tls, 800, 100_000), (tls, 50, 3_000)):
        largest = max(new * share / connecting, Decimal(load.devices) * share / active)
        carried = traffic * share
        parts.append(Range(*(max(largest, x) for x in (carried.low, carried.likely, carried.high))))
    return total(parts)


def _application(load: Load) -> Range:
    """LCUs: 25 new a second, 3,000 active, 1 GB an hour; rules are too few to count."""
    new = load.requests / HOURS / 3600 / 4  # a connection lasts for some requests
    active = Decimal(load.readers * load.reading_hours * 2) / HOURS
    largest = max(new / 25, active / 3_000)
    carried = total((load.answers_gb, load.streams_gb)) * (Decimal(1) / HOURS)
    return Range(*(max(largest, x) for x in (carried.low, carried.likely, carried.high)))


@rule("AWS::CloudFront::Distribution")
def distribution(_resource: Resource, context: Context) -> Iterator[Line]:
    load = context.load
    out = exactly(load.static_gb + load.reports_gb) * between("0.5", 1, 2)
    requests = exactly((load.pages + load.reports) / MILLION) * between("0.5", 1, 2)
    yield context.line(
        GROUP,
        "CloudFront to readers",
        "cloudfront.transfer",
        quantity=out.above(FREE_GB),
        fixed=False,
        why="scripts, styles and downloads beyond 1,000 GB that are always free",
    )
    yield context.line(
        GROUP,
        "CloudFront requests",
        "cloudfront.requests",
        quantity=requests.above(FREE_REQUESTS),
        fixed=False,
        why="beyond 10 million that are always free",
    )


@rule("AWS::WAFv2::WebACL")
def firewall(resource: Resource, context: Context) -> Iterator[Line]:
    rules = len(resource.get("Rules", []))
    yield context.line(GROUP, "WAF list", "waf.acl", quantity=1, fixed=True)
    yield context.line(GROUP, "WAF rules", "waf.rule", quantity=rules, fixed=True)
    near = resource.get("Scope") == "REGIONAL"
    requests = context.load.requests if near else context.load.pages
    yield context.line(
        GROUP,
        "WAF requests",
        "waf.requests",
        fixed=False,
        quantity=exactly(requests / MILLION) * between(1, "1.1", 2),
        why="with what it refuses",
    )


@rule("AWS::Route53::HostedZone")
def zone(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "hosted zone", "route53.zone", quantity=1, fixed=True)
