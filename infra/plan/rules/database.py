"""Aurora, its proxy, and Valkey."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from infra.plan.bill import Line
from infra.plan.load import HOURS, MILLION
from infra.plan.money import Range, between, exactly
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource
from shared.errors import ConfigurationError

GROUP: Final = "database"
# Rows that one reading changes: its own, its device's state; usage and jobs now and then.
CHANGES: Final = between(1, 2, 4)
# vCPUs of a size; a larger one doubles the one before.
VCPUS: Final = {"medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32}


@rule("AWS::RDS::DBInstance")
def instance(resource: Resource, context: Context) -> Iterator[Line]:
    name = resource["DBInstanceClass"]
    shares = ("aurora.optimized.share",) if _optimized(context) else ()
    yield context.line(
        GROUP, f"Aurora {name}", f"aurora.{name}", *shares, quantity=HOURS, fixed=True
    )
    if ".t4g." in name:
        yield context.line(
            GROUP,
            "CPU above the baseline of 20%",
            "aurora.optimized.credit" if _optimized(context) else "aurora.credit",
            quantity=between(0, 0, "0.2") * HOURS,
            fixed=False,
            why="none as a rule; in the high figure 10% of both vCPUs all month",
        )


@rule("AWS::RDS::DBCluster")
def cluster(resource: Resource, context: Context) -> Iterator[Line]:
    yield from _storage(context)
    yield from _backup(resource, context)
    if hours := Decimal(resource.get("BacktrackWindow", 0)) / 3600:
        records = exactly(context.load.messages / HOURS * hours / MILLION) * CHANGES
        yield context.line(
            GROUP,
            f"backtrack of {hours.normalize():f} h",
            "aurora.backtrack",
            quantity=records * HOURS,
            fixed=False,
            why="every change of the window is kept and paid by the hour",
        )
    if resource.get("ManageMasterUserPassword"):
        yield context.line("security", "master secret", "secret", quantity=1, fixed=True)


def _storage(context: Context) -> Iterator[Line]:
    load, optimized = context.load, _optimized(context)
    yield context.line(
        GROUP,
        "Aurora storage",
        "aurora.optimized.storage" if optimized else "aurora.storage",
        quantity=load.stored_gb,
        fixed=False,
        why=f"readings of {load.retention_days} days, 150 to 350 bytes each with indexes",
    )
    if not optimized:
        yield context.line(
            GROUP,
            "Aurora writes",
            "aurora.io",
            quantity=load.commits * exactly(1 / MILLION) * between(1, 1, 2),
            fixed=False,
            why="one a transaction of ingest (4 kB of log), two in the high figure",
        )
        yield context.line(
            GROUP,
            "Aurora reads",
            "aurora.io",
            quantity=exactly((load.requests + load.reports * 20_000) / MILLION)
            * between("0.2", 1, 5),
            fixed=False,
            why="pages that memory does not hold: one a request, 20,000 a report",
        )


def _backup(resource: Resource, context: Context) -> Iterator[Line]:
    """What changed in the days kept, beyond the size of the database, which is free."""
    load, days = context.load, int(resource.get("BackupRetentionPeriod", 1))
    daily = load.stored_gb * (Decimal(1) / load.retention_days)
    kept = daily * days
    most = kept.high + load.stored_gb.high
    quantity = Range(Decimal(0), kept.likely, most)
    yield context.line(
        GROUP,
        f"Aurora backups of {days} days",
        "aurora.backup",
        quantity=quantity,
        fixed=False,
        why="what changes in those days; snapshots as large as the database in the high figure",
    )


def _optimized(context: Context) -> bool:
    clusters = context.template.of("AWS::RDS::DBCluster")
    return any(cluster.get("StorageType") == "aurora-iopt1" for cluster in clusters)


@rule("AWS::RDS::DBProxy")
def proxy(_resource: Resource, context: Context) -> Iterator[Line]:
    """Every vCPU of every instance behind it, at least two."""
    vcpus = [_vcpus(instance) for instance in context.template.of("AWS::RDS::DBInstance")]
    every, writer = max(2, sum(vcpus)), max(2, *vcpus[:1], 0)
    quantity = Range(Decimal(writer), Decimal(every), Decimal(every))
    yield context.line(
        GROUP,
        "RDS Proxy",
        "proxy.vcpu",
        quantity=quantity * HOURS,
        fixed=True,
        why="all instances of the cluster; the writer alone in the low figure",
    )


def _vcpus(instance: Resource) -> int:
    size = str(instance["DBInstanceClass"]).rpartition(".")[2]
    if size not in VCPUS:
        raise ConfigurationError(
            f"{instance}: how many vCPUs a {size} has is not known: add it to VCPUS in "
            "infra/plan/rules/database.py"
        )
    return VCPUS[size]


@rule("AWS::ElastiCache::ReplicationGroup")
def valkey(resource: Resource, context: Context) -> Iterator[Line]:
    groups = int(resource.get("NumNodeGroups", 1))
    nodes = int(
        resource.get(
            "NumCacheClusters", groups * (1 + int(resource.get("ReplicasPerNodeGroup", 0)))
        )
    )
    name = resource["CacheNodeType"]
    yield context.line(
        GROUP,
        f"Valkey {name}",
        f"valkey.{name}",
        quantity=nodes * HOURS,
        fixed=True,
        why=f"{nodes} nodes",
    )
