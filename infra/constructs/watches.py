"""What is watched, by what it stands on. Limits that are judgement say so by their reason."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.constructs.alarms import Missing, Watch, metric
from infra.environments import Environment
from infra.sizes import ServiceSize
from shared.telemetry.emf import NAMESPACE

ALB = "AWS/ApplicationELB"
NLB = "AWS/NetworkELB"
RDS = "AWS/RDS"
BUS = "AWS/ElastiCache"
GIB = 2**30
# Percent of requests; below so many a minute, one failure says nothing.
FAILED_PERCENT = 1
FEW_REQUESTS = 20
SLOW_S = 1.0
# Half of Aurora's smallest instance is its buffer pool's; below this it begins to swap.
LEAST_MEMORY_GIB = 0.25
# Committing takes 2 to 5 ms; ten times that, and devices wait for acknowledgements.
SLOW_COMMIT_MS = 50
# What a year of the load that is planned for fills is far below.
LARGE_VOLUME_GIB = 500
BORROW_S = 1


def of_web(balancer: elb.ApplicationLoadBalancer) -> Iterator[Watch]:
    here = {"LoadBalancer": balancer.load_balancer_full_name}
    requests = metric(ALB, "RequestCount", here, statistic="Sum")
    for name, source, first in (
        (
            "HTTPCode_Target_5XX_Count",
            "app",
            "read the errors of the app that fails; if it began with a deployment, roll back",
        ),
        (
            "HTTPCode_ELB_5XX_Count",
            "balancer",
            "see whether healthy tasks are left (…-too-few): the balancer found none to ask",
        ),
    ):
        failed = metric(ALB, name, here, statistic="Sum")
        rate = cloudwatch.MathExpression(
            expression=f"IF(requests > {FEW_REQUESTS}, 100 * failed / requests, 0)",
            using_metrics={"failed": failed, "requests": requests},
            label=f"% answered 5xx by {source}",
            period=failed.period,
        )
        yield Watch(name=f"web-5xx-{source}", metric=rate, limit=FAILED_PERCENT, first=first)
    yield Watch(
        name="web-slow",
        metric=metric(ALB, "TargetResponseTime", here, statistic="p99"),
        limit=SLOW_S,
        first="look whether one app or all are slow: all means the database (dashboard, commit"
        " latency and CPU), one means its CPU or a query of its own",
    )


def of_app(
    app: str, size: ServiceSize, target: elb.ApplicationTargetGroup, balancer: str
) -> Iterator[Watch]:
    here = {"TargetGroup": target.target_group_full_name, "LoadBalancer": balancer}
    yield from _targets(app, ALB, here, size.minimum)


def of_devices(
    name: str, minimum: int, target: elb.NetworkTargetGroup, balancer: str
) -> Iterator[Watch]:
    here = {"TargetGroup": target.target_group_full_name, "LoadBalancer": balancer}
    yield from _targets(name, NLB, here, minimum)


def _targets(name: str, namespace: str, here: dict[str, str], minimum: int) -> Iterator[Watch]:
    yield Watch(
        name=f"{name}-unhealthy",
        metric=metric(namespace, "UnHealthyHostCount", here, statistic="Maximum"),
        limit=0,
        looks=5,
        of=5,
        first=f"read the last lines of {name}'s log: a task lives but does not pass its health"
        " check; when the database is away all apps say so",
    )
    yield Watch(
        name=f"{name}-too-few",
        metric=metric(namespace, "HealthyHostCount", here, statistic="Minimum"),
        limit=minimum,
        over=False,
        looks=5,
        of=5,
        missing=Missing.BREACHING,
        first=f"open {name} in ECS and read its events: fewer tasks run than the minimum"
        f" ({minimum}); stopped tasks say why they ended",
    )


def of_resets(balancer: elb.NetworkLoadBalancer) -> Iterator[Watch]:
    here = {"LoadBalancer": balancer.load_balancer_full_name}
    for name, side in (
        ("TCP_Target_Reset_Count", "target"),
        ("TCP_ELB_Reset_Count", "balancer"),
    ):
        yield Watch(
            name=f"devices-reset-by-{side}",
            metric=metric(NLB, name, here, statistic="Sum"),
            # A device whose modem loses its network resets too; this is a fleet.
            limit=500,
            first="see whether ingest's tasks were replaced (ECS events) and whether connections"
            " come back (dashboard); devices send again what was not acknowledged",
        )


def of_ingest(environment: Environment) -> Iterator[Watch]:
    here = {"Environment": environment.name, "Service": "ingest"}
    yield Watch(
        name="ingest-silent",
        metric=metric(NAMESPACE, "ActiveConnections", here, statistic="SampleCount"),
        limit=1,
        over=False,
        looks=3,
        of=3,
        missing=Missing.BREACHING,
        first="see whether ingest runs at all (ECS): it writes this every ten seconds, without any"
        " device too, so silence means that no task is alive or its log does not arrive",
    )


def of_dead_letters(environment: Environment) -> Iterator[Watch]:
    here = {"Environment": environment.name, "Service": "ingest"}
    yield Watch(
        name="ingest-dead-letters",
        metric=metric(NAMESPACE, "DeadLetters", here, statistic="Sum", minutes=5),
        # One device that is set wrongly sends a few; this is a profile, or a firmware.
        limit=100,
        looks=1,
        of=1,
        first="list them (GET /v1/dead-letters of the organisation): the code says why messages"
        " were not stored; they are kept, so mend the profile and replay them",
    )


def of_runs(environment: Environment) -> Iterator[Watch]:
    here = {"Environment": environment.name, "Service": "reporting"}
    yield Watch(
        name="reporting-runs-wait",
        metric=metric(NAMESPACE, "WaitingRuns", here, statistic="Minimum", minutes=5),
        limit=0,
        looks=12,
        of=12,
        first="some run has waited in every minute of an hour: see whether reporting has all its"
        " tasks (ECS) and whether they make runs (CPU, and errors in its log); the end of a month"
        " takes minutes",
    )


def of_proxy(name: str, ingest: ServiceSize) -> Iterator[Watch]:
    here = {"ProxyName": name}
    yield Watch(
        name="proxy-pinned",
        metric=metric(RDS, "DatabaseConnectionsCurrentlySessionPinned", here, statistic="Maximum"),
        # Ingest's batches are large statements: its connections are pinned on purpose.
        limit=ingest.pool * ingest.maximum,
        first="find the statement that pins (docs/database-access.md) in what was deployed last;"
        " pinned connections are not shared, so the proxy runs out of them",
    )
    yield Watch(
        name="proxy-borrow-slow",
        metric=metric(RDS, "DatabaseConnectionsBorrowLatency", here, statistic="p99"),
        limit=BORROW_S * 1_000_000,  # microseconds
        first="compare connections with the limit (dashboard): too many tasks, or sessions that"
        " stay pinned; a failover passes by itself within a minute",
    )


def of_database(cluster: str) -> Iterator[Watch]:
    here = {"DBClusterIdentifier": cluster}
    yield Watch(
        name="database-cpu",
        metric=metric(RDS, "CPUUtilization", here, statistic="Maximum", minutes=5),
        limit=80,
        first="read the slow query log (/aws/rds/cluster/…/slowquery); if the load is right, take"
        " the next instance class in infra/environments.toml",
    )
    yield Watch(
        name="database-memory",
        metric=metric(RDS, "FreeableMemory", here, statistic="Minimum", minutes=5),
        limit=LEAST_MEMORY_GIB * GIB,
        over=False,
        first="see how many connections there are, each takes memory; then the next instance class",
    )
    yield Watch(
        name="database-deadlocks",
        metric=metric(RDS, "Deadlocks", here, statistic="Sum", minutes=5),
        limit=1,
        first="read SHOW ENGINE INNODB STATUS through the bastion for the last pair of statements;"
        " apps try again, so nothing is lost",
    )
    yield Watch(
        name="database-commit-slow",
        metric=metric(RDS, "CommitLatency", here, statistic="Average"),
        limit=SLOW_COMMIT_MS,
        first="look at CPU and at long transactions: devices wait for their acknowledgements",
    )
    yield Watch(
        name="database-volume",
        metric=metric(RDS, "VolumeBytesUsed", here, statistic="Maximum", minutes=60),
        limit=LARGE_VOLUME_GIB * GIB,
        looks=1,
        of=1,
        first="drop partitions of readings that are past their time, for nothing does so by"
        " itself yet (docs/cost.md); nothing is wrong, the bill grows",
    )


def of_bus(nodes: Sequence[str]) -> Iterator[Watch]:
    for number, node in enumerate(nodes, start=1):
        here = {"CacheClusterId": node}
        yield Watch(
            name=f"bus-memory-{number}",
            metric=metric(BUS, "DatabaseMemoryUsagePercentage", here, statistic="Maximum"),
            limit=80,
            first="see whether a subscriber reads too slowly (output buffers); losing the bus"
            " costs time and no data",
        )
        yield Watch(
            name=f"bus-evictions-{number}",
            metric=metric(BUS, "Evictions", here, statistic="Sum"),
            limit=0,
            first="take the next node type in infra/environments.toml: it is too full",
        )


def of_errors(environment: Environment, apps: Sequence[str]) -> Iterator[Watch]:
    for app in apps:
        yield Watch(
            name=f"{app}-errors",
            metric=errors(environment, app),
            limit=5,
            looks=1,
            of=1,
            first=f"read the lines of level error in /fortress/{environment.name}/{app}: each is a"
            " fault of ours, with its traceback",
        )


def errors(environment: Environment, app: str) -> cloudwatch.Metric:
    """Lines of level error that an app logged, as a filter of its log counts them."""
    return metric(
        f"{NAMESPACE}/{environment.name}", f"Errors-{app}", {}, statistic="Sum", minutes=5
    )
