"""How large the parts of an environment are."""

from typing import Annotated

import msgspec
from msgspec import Meta

Tasks = Annotated[int, Meta(ge=1, le=20)]


class Peak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `cron` on (minute hour day month weekday year, UTC) at least `minimum` tasks run."""

    cron: str
    minimum: Tasks


class ServiceSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cpu`: units, 1,024 to a vCPU; `memory`: MiB; tasks from `minimum` to `maximum`; `pool`:
    database connections that a task keeps at most.
    """

    cpu: int
    memory: int
    minimum: Tasks
    maximum: Tasks
    pool: Annotated[int, Meta(ge=0, le=100)]
    peaks: tuple[Peak, ...] = ()


class Aurora(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`instance_class` without `db.`, Graviton; `max_connections`: of each instance, set in the
    parameter group; `backup_days`: how far point-in-time recovery reaches (a new cluster);
    `backtrack_hours`: how far the cluster itself can be turned back, in minutes; 0: not at all;
    `io_optimized`: I/O costs nothing, instances 30% and storage 125% more (docs/cost.md).
    """

    instance_class: str
    instances: Annotated[int, Meta(ge=1, le=3)]
    max_connections: Annotated[int, Meta(ge=50, le=16_000)]
    backup_days: Annotated[int, Meta(ge=7, le=35)]
    backtrack_hours: Annotated[int, Meta(ge=0, le=72)]
    io_optimized: bool = False


class ProxyLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Percents are of Aurora's `max_connections`; 30% is left for migrations and people.

    `borrow_s`: the longest wait for a connection; `idle_s`: silence after which a client's
    connection is closed.
    """

    max_connections_percent: Annotated[int, Meta(ge=10, le=70)]
    max_idle_connections_percent: Annotated[int, Meta(ge=0, le=70)]
    borrow_s: Annotated[int, Meta(ge=1, le=55)]
    idle_s: Annotated[int, Meta(ge=60, le=28_800)]


class Valkey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With two nodes or more, one takes over when the first is lost."""

    node_type: str
    nodes: Annotated[int, Meta(ge=1, le=3)]
