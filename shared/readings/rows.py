"""The tables of the write path, as many rows are written to them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.bulk import Into, escaped, insert_rows, insert_texts, is_special
from shared.db.dialect import dialect_name
from shared.readings.parse import Reading
from shared.readings.plan import Run, each

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


async def insert_readings(connection: AsyncConnection, runs: Sequence[Run], bound: int) -> int:
    """Insert the readings of `runs`; returns how many were not there. `bound`: as `insert_rows`."""
    if not runs:
        return 0
    if dialect_name(connection) == "sqlite":
        rows = [
            (run.device, r.ts, run.boot, r.seq, run.received, r.body)
            for run in runs
            for r in run.readings
        ]
        return await insert_rows(connection, READINGS, rows)
    return await insert_texts(connection, READINGS, [_text(run) for run in runs], bound)


def _text(run: Run) -> bytes:
    readings: Sequence[Reading] = run.readings
    if len(readings) == 1 and not is_special(readings[0].body):
        (alone,) = readings
        row = (run.device, alone.ts, run.boot, alone.seq, run.received, alone.body)
        return READINGS.row(row)
    one = b"(%d,%%d,%d,%%d,%d,'%%b')" % (run.device, run.boot, run.received)
    if is_special(b"".join([r.body for r in readings])):
        readings = [Reading(r.seq, r.ts, escaped(r.body), None) for r in readings]
    return each(one, readings)
