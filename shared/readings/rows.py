"""The tables of the write path, as many rows are written to them."""

from typing import Final

from shared.db.bulk import Into

_IDENTITY: Final = ("device_id", "ts", "boot", "seq")

READINGS: Final = Into(
    "reading", (*_IDENTITY, "received_ts", "body"), kinds="iiiiit", key=_IDENTITY
)
EVENTS: Final = Into(
    "device_event",
    (*_IDENTITY, "org_id", "received_ts", "name", "data"),
    kinds="iiiiiitt",
    key=_IDENTITY,
)
DEAD: Final = Into(
    "dead_letter",
    (
        "public_id",
        "org_id",
        "device_id",
        "received_ts",
        "boot",
        "seq",
        "code",
        "detail",
        "raw",
    ),
    kinds="tiiiiittx",
    key=("public_id",),
)
STATES: Final = Into(
    "device_state",
    (
        "device_id",
        "org_id",
        "boot",
        "last_seq",
        "last_seen",
        "changed_ts",
        "online",
        "ingest_task",
        "firmware",
        "latest",
    ),
    kinds="iiiiiiittt",
    key=("device_id",),
    replace=("last_seq", "last_seen", "changed_ts", "latest"),
)
HELLOS: Final = Into(
    "device_state",
    STATES.columns,
    kinds=STATES.kinds,
    key=STATES.key,
    replace=(
        "boot",
        "last_seq",
        "last_seen",
        "changed_ts",
        "online",
        "ingest_task",
        "firmware",
    ),
)
USAGE: Final = Into(
    "usage_hour",
    ("org_id", "meter", "hour", "task", "count"),
    kinds="ititi",
    key=("org_id", "meter", "hour", "task"),
    add=("count",),
)
USAGE_DEVICES: Final = Into(
    "usage_device",
    ("org_id", "quarter", "device_id"),
    kinds="iii",
    key=("org_id", "quarter", "device_id"),
)
JOBS: Final = Into(
    "job",
    ("queue", "key", "payload", "status", "attempts", "run_after", "created_at"),
    kinds="ttttitt",
    key=("queue", "key"),
)
