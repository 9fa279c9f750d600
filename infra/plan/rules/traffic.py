"""What moves and what is written because of the load, whichever resource it passes."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from infra.plan.bill import Line
from infra.plan.load import GB, MILLION, SECONDS
from infra.plan.money import Range, between, exactly, total
from infra.plan.rules.registry import Context

# Gigabytes to the internet a month that are free for every account, always.
FREE_GB: Final = Decimal(100)


def traffic(context: Context) -> Iterator[Line]:
    yield from _internet(context)
    yield from _zones(context)
    yield from _way_out(context)
    yield from _watching(context)
    yield from _vended(context)
    yield from _files(context)
    yield from _calls(context)
    yield from _made_by_hand(context)


def _has(context: Context, kind: str) -> bool:
    return any(True for _ in context.template.of(kind))


def _internet(context: Context) -> Iterator[Line]:
    load = context.load
    if not _has(context, "AWS::ElasticLoadBalancingV2::LoadBalancer"):
        return
    out = total((load.acknowledgements_gb, load.streams_gb, load.answers_gb))
    if not _has(context, "AWS::CloudFront::Distribution"):
        out += exactly(load.static_gb + load.reports_gb)
    yield context.line(
        "network",
        "to the internet",
        "transfer.internet",
        quantity=out.above(FREE_GB),
        fixed=False,
        why="answers, live frames and acknowledgements beyond 100 GB that are always free",
    )


def _zones(context: Context) -> Iterator[Line]:
    """Between zones both ways: from balancer to ingest, and from tasks to the database."""
    load = context.load
    subnets = {str(x.get("AvailabilityZone")) for x in context.template.of("AWS::EC2::Subnet")}
    crossing = Decimal(max(len(subnets) - 1, 0)) / max(len(subnets), 1)
    to_database = exactly(load.messages / GB) * between(300, 600, 1_200)
    carried = total((load.balanced_gb, to_database, load.answers_gb))
    yield context.line(
        "network",
        "between zones",
        "transfer.zone",
        quantity=carried * (2 * crossing),
        fixed=False,
        why=f"of what tasks send and receive, {len(subnets) - 1} of {len(subnets)} parts cross, "
        "paid each way",
    )


def _way_out(context: Context) -> Iterator[Line]:
    """Logs, calls of AWS and webhooks; layers of images come through S3's gateway endpoint."""
    out = _logged(context) + between(3, 8, 30)
    why = "logs, calls of AWS, webhooks; image layers pass S3's gateway, which is free"
    if any(
        x.get("VpcEndpointType") == "Interface"
        for x in context.template.of("AWS::EC2::VPCEndpoint")
    ):
        yield context.line(
            "network",
            "through interface endpoints",
            "endpoint.data",
            quantity=out,
            fixed=False,
            why=why,
        )
    elif _has(context, "AWS::EC2::NatGateway"):
        yield context.line("network", "through NAT", "nat.data", quantity=out, fixed=False, why=why)


def _logged(context: Context) -> Range:
    """GB a month. What a WAF logs has 1,500 bytes; a filter leaves a twentieth."""
    load = context.load
    tasks = sum(1 for _ in context.template.of("AWS::ECS::Service"))
    connections = Decimal(load.devices * load.reconnects_a_day) * SECONDS / 86_400
    size = load.requests * 600 + connections * 800 + Decimal(tasks) * (SECONDS // 10) * 500
    for logging in context.template.of("AWS::WAFv2::LoggingConfiguration"):
        keeps_all = logging.get("LoggingFilter", {}).get("DefaultBehavior") != "DROP"
        size += load.requests * (1_500 if keeps_all else 75)
    return exactly(size / GB) * between("0.5", 1, 3)


def _watching(context: Context) -> Iterator[Line]:
    if not _has(context, "AWS::Logs::LogGroup"):
        return
    logged = _logged(context)
    yield context.line(
        "watching",
        "logs written",
        "logs.ingested",
        quantity=logged,
        fixed=False,
        why="600 bytes a request and what the WAF refuses, two lines a connection, a metric line "
        "each 10 s a task",
    )
    groups = context.template.of("AWS::Logs::LogGroup")
    days = [int(group.get("RetentionInDays", 30)) for group in groups]
    kept = logged * (Decimal(max(days, default=30)) / 30) * Decimal("0.15")
    yield context.line(
        "watching", "logs kept", "logs.stored", quantity=kept, fixed=False, why="compressed to 15%"
    )
    if metrics := len(_own_metrics(context)):
        yield context.line(
            "watching",
            "the apps' own metrics",
            "metric.custom",
            quantity=between(metrics, metrics, 2 * metrics),
            fixed=True,
            why="those that alarms and policies look at",
        )


def _vended(context: Context) -> Iterator[Line]:
    if _has(context, "AWS::EC2::FlowLog"):
        yield context.line(
            "watching",
            "refused connections, written to S3",
            "logs.vended",
            quantity=between("0.2", 1, 5),
            fixed=False,
        )


def _own_metrics(context: Context) -> set[str]:
    found: set[str] = set()
    for resource in context.template.resources:
        found.update(_metrics_in(resource.properties))
    return found


def _metrics_in(value: Any) -> Iterator[str]:
    """Each metric, with its dimensions, of a namespace that is not AWS's."""
    if isinstance(value, dict):
        namespace = value.get("Namespace")
        if isinstance(namespace, str) and not namespace.startswith(("AWS/", "ECS/")):
            yield f"{namespace} {value.get('MetricName')} {value.get('Dimensions')}"
        for part in value.values():
            yield from _metrics_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _metrics_in(part)


def _files(context: Context) -> Iterator[Line]:
    load = context.load
    if not _has(context, "AWS::S3::Bucket"):
        return
    kept = exactly(load.reports_gb) * between(1, 3, 12) + exactly(load.requests * 500 / GB)
    yield context.line(
        "files",
        "reports and access logs kept",
        "s3.storage",
        quantity=kept,
        fixed=False,
        why="reports of three months; a year in the high figure",
    )
    written = (Decimal(load.reports) * 2 + Decimal(SECONDS) / 300 * 3) / MILLION
    yield context.line("files", "written to S3", "s3.puts", quantity=written, fixed=False)
    yield context.line(
        "files",
        "read from S3",
        "s3.gets",
        quantity=Decimal(load.reports) * 5 / MILLION,
        fixed=False,
    )


def _calls(context: Context) -> Iterator[Line]:
    load = context.load
    if _has(context, "AWS::KMS::Key"):
        yield context.line(
            "security",
            "uses of keys",
            "kms.requests",
            fixed=False,
            quantity=exactly(Decimal(load.reports + 50_000) / MILLION) * between(1, 3, 10),
        )
    if _has(context, "AWS::SecretsManager::Secret"):
        yield context.line(
            "security",
            "reading secrets",
            "secret.calls",
            fixed=False,
            quantity=between("0.002", "0.01", "0.05"),
            why="when a task starts; the proxy's own",
        )
    if _has(context, "AWS::Route53::RecordSet") or _has(context, "AWS::Route53::HostedZone"):
        lookups = Decimal(load.devices * load.reconnects_a_day) * 30 + load.requests / 100
        yield context.line(
            "edge",
            "names looked up",
            "route53.queries",
            fixed=False,
            quantity=exactly(lookups / MILLION) * between(0, 1, 2),
            why="nothing for names that are aliases of balancers, in the low figure",
        )


def _made_by_hand(context: Context) -> Iterator[Line]:
    """What has to be there before the first deployment, and is in no template."""
    records = _has(context, "AWS::Route53::RecordSet")
    if records and not _has(context, "AWS::Route53::HostedZone"):
        yield context.line(
            "edge", "hosted zone", "route53.zone", quantity=1, fixed=True, why="made by hand"
        )
    containers = (
        container.get("Name")
        for task in context.template.of("AWS::ECS::TaskDefinition")
        for container in task.get("ContainerDefinitions", [])
    )
    if "bastion" in containers:
        yield context.line(
            "security",
            "the bastion's host key",
            "secret",
            quantity=1,
            fixed=True,
            why="made by hand",
        )
