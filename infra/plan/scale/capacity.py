"""What a task can take, from what this project has measured.

Measured on a core of an AMD EPYC (docs/guarantees.md, docs/adr/0008-a-block-at-a-time.md). It is
assumed that a vCPU of Fargate on Graviton does what such a core does, and that half a vCPU does
half of it. A task's work is one process, so more than one vCPU helps only with FORTRESS_WORKERS.
"""

from typing import Final

from infra.plan.scale.facts import Fact
from infra.plan.scale.model import Service

# Of ingest's CPU, in seconds.
HELLO_S: Final = Fact(0.00024, "CPU s", "ADR 8: a storm of 5,000 costs ingest 1.2 s of CPU")
MESSAGE_S: Final = Fact(
    0.000065, "CPU s", "ADR 8: 60 to 70 µs for a message that comes alone; blocks cost a tenth"
)
# Of the database's CPU, in seconds; its instance has two vCPUs (db.t4g.medium).
DATABASE_HELLO_S: Final = Fact(0.00008, "CPU s", "ADR 8: MariaDB 0.4 s for a storm of 5,000")
DATABASE_MESSAGE_S: Final = Fact(0.00004, "CPU s", "ADR 8: 35 to 45 µs for a message alone")
DATABASE_VCPU: Final = 2

INGEST_MIB: Final = Fact(
    120, "MiB", "an idle process with its libraries and queues, from its bench", confirmed=False
)
CONNECTION_KIB: Final = Fact(3.9, "KiB", "docs/guarantees.md: an idle connection, in the process")
SOCKET_KIB: Final = Fact(
    16, "KiB", "the kernel's part of it, which counts as the task's memory", confirmed=False
)
MEMORY_SHARE: Final = 0.8  # of the task's memory; the rest is for batches on their way
TARGET_CONNECTIONS: Final = Fact(
    55_000, "connections", "of a target at one address of a Network Load Balancer", confirmed=False
)

REQUEST_S: Final = Fact(
    0.01,
    "CPU s",
    "assumed for a list of 50 among 100,000 devices: `make bench ARGS=api` says 17 to 35 ms on a"
    " busy machine",
    confirmed=False,
)
DATABASE_REQUEST_S: Final = Fact(0.003, "CPU s", "assumed for such a list", confirmed=False)
EXPORT_ROW_S: Final = Fact(
    0.0000278, "CPU s", "27.8 s of CPU for 1,000,000 rows as CSV; `make bench ARGS=export`"
)


def connections(service: Service) -> int:
    """How many devices a task of ingest can hold."""
    each = CONNECTION_KIB.value + SOCKET_KIB.value
    kib = (service.memory * MEMORY_SHARE - INGEST_MIB.value) * 1_024
    return max(0, min(int(kib / each), int(TARGET_CONNECTIONS.value)))


def memory_share(service: Service, held: int) -> float:
    """Of a task's memory, with `held` devices connected."""
    each = CONNECTION_KIB.value + SOCKET_KIB.value
    return min(1.0, (INGEST_MIB.value + held * each / 1_024) / service.memory)
