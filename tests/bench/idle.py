"""Many idle devices: how fast they come in, what each costs, how fast they are let go.

`python -m tests.bench.idle [DEVICES]`, against `TEST_DATABASE_URL` or a MariaDB that it starts.
"""

import asyncio
import json
import os
import resource
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import quantiles

import uvloop

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_id, new_secret
from shared.models import Device, DeviceCredential
from shared.settings import Settings
from tests.support import databases, servers
from tests.support.builders import Tenant, make_tenant
from tests.support.ingest_process import IngestProcess

DEVICES = 5_000


class Idle(asyncio.Protocol):
    """Says hello and a reading, then nothing until the server says goodbye."""

    def __init__(
        self, hello: bytes, took: asyncio.Future[float], gone: asyncio.Future[None]
    ) -> None:
        self._hello = hello
        self._took = took
        self._gone = gone
        self._began = time.perf_counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's
        self._transport.write(self._hello + b'{"s":1,"v":{"temp":1}}\n')

    def data_received(self, data: bytes) -> None:
        if b'{"a":1}' in data and not self._took.done():
            self._took.set_result(time.perf_counter() - self._began)
        if b'"bye"' in data or b'"error"' in data:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._took.done():
            self._took.set_exception(error or ConnectionError("closed before the acknowledgement"))
        self._gone.set_result(None)


async def _hellos(database: Database, tenant: Tenant, count: int) -> list[bytes]:
    now = SystemClock().now()
    hellos = []
    async with database.unit_of_work() as session:
        devices = [
            Device(org_id=tenant.id, uid=new_id("uid"), created_at=now, updated_at=now)
            for _ in range(count)
        ]
        session.add_all(devices)
        await session.flush()
        for device in devices:
            token = f"dt_{new_secret()}"
            session.add(
                DeviceCredential(
                    org_id=tenant.id, device_id=device.id, token_hash=digest(token), created_at=now
                )
            )
            hello = {"hello": 1, "device": device.uid, "token": token, "boot": 1}
            hellos.append(json.dumps(hello).encode() + b"\n")
    return hellos


async def measure(count: int, folder: Path) -> dict[str, float]:
    """Figures of `count` devices: seconds to come in, bytes a connection, seconds to drain."""
    async with databases.migrated_database("mariadb", folder) as url:
        database = Database.from_settings(Settings(database_url=url))
        hellos = await _hellos(database, await make_tenant(database), count)
        await database.close()
        ingest = IngestProcess(url, folder / "log", most_greeting=count, drain_s=25)
        await asyncio.to_thread(ingest.start)
        # What the first device brings into memory all others share.
        await _connect(ingest.port, hellos[:100])
        before = ingest.rss_mib
        times, gone = await _connect(ingest.port, hellos[100:])
        after = ingest.rss_mib
        began = time.perf_counter()
        code = await asyncio.to_thread(ingest.end, signal.SIGTERM)
        await asyncio.gather(*gone)
        return {
            "devices": count,
            "acknowledged p50 s": quantiles(times, n=100)[49],
            "acknowledged p99 s": quantiles(times, n=100)[98],
            "KiB a connection": (after - before) * 1024 / (count - 100),
            "drained s": time.perf_counter() - began,
            "exit code": code,
        }


async def _connect(
    port: int, hellos: list[bytes]
) -> tuple[list[float], list[asyncio.Future[None]]]:
    loop = asyncio.get_running_loop()
    took: list[asyncio.Future[float]] = [loop.create_future() for _ in hellos]
    gone: list[asyncio.Future[None]] = [loop.create_future() for _ in hellos]
    devices = [partial(Idle, *each) for each in zip(hellos, took, gone, strict=True)]
    await asyncio.gather(*(loop.create_connection(each, "127.0.0.1", port) for each in devices))
    return list(await asyncio.gather(*took)), gone


def main(arguments: list[str]) -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = int(arguments[0]) if arguments else DEVICES
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        given = os.environ.get("TEST_DATABASE_URL")
        os.environ[databases.SERVER] = given or stack.enter_context(servers.mariadb())
        found = uvloop.run(measure(count, Path(folder)))
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1))  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
