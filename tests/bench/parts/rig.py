"""What the parts measure on: a database with devices, a bus with one who watches, and ingest."""

import asyncio
import multiprocessing
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_id, new_secret
from shared.models import Device, DeviceCredential
from shared.settings import Settings
from tests.bench.devices.generator import PROCESSES, Generator
from tests.bench.devices.messages import METRICS, MOST, block, hello
from tests.bench.own_rate import BODY, own_rate
from tests.bench.usage import wait_idle
from tests.support import servers
from tests.support.builders import Tenant, make_profile, make_tenant
from tests.support.databases import migrated_database
from tests.support.ingest_process import MODULE, IngestProcess
from tests.support.trackers import make_tracker

# Those that storm, and some before them.
DEVICES = 5_100
# Messages that a device has, at least; more for whom a run takes longer: so many a second of the
# few devices that send fastest, and of the many that flood.
MESSAGES = 150_000
FASTEST = 20_000
FLOODING = 2_500
OWN_ROWS = 200_000


@dataclass(frozen=True)
class Options:
    """How long to measure: `runs` of each figure, each of `seconds`. `bus`: valkey or memory."""

    runs: int
    seconds: float
    overload_s: float
    bus: str


@dataclass(frozen=True)
class Bearer:
    """A device and what it signs in with."""

    id: int
    uid: str
    token: str


class Rig:
    """One database for all parts. Readings are removed before each measurement, so that all meet
    the table as small as it is when the database's own rate is measured.
    """

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self.options = options
        self._folder = Path(stack.enter_context(_folder()))
        self._runner = stack.enter_context(asyncio.Runner())
        self.url = self._enter(stack, migrated_database("mariadb", self._folder))
        self._database = Database.from_settings(Settings(database_url=self.url))
        stack.callback(lambda: self._runner.run(self._database.close()))
        self._bus = self._start_bus(stack)
        self.tenant, self.devices = self._runner.run(_populate(self._database))
        if self._bus != "memory://":
            stack.enter_context(_watching(self._bus, f"live:{self.tenant.public_id}"))
        self.database_pid = self._pid_of_database()
        fastest = max(options.seconds * FASTEST, options.overload_s * FLOODING)
        count = min(MOST, max(MESSAGES, round(fastest)))
        # In the past, as what is too far ahead is rejected.
        self.block_began = time.time_ns() // 1_000_000 - count
        self.block = block(count, self.block_began)
        self._boot = 0

    def _enter(self, stack: ExitStack, manager: Any) -> Any:
        stack.callback(lambda: self._runner.run(manager.__aexit__(None, None, None)))
        return self._runner.run(manager.__aenter__())

    def _start_bus(self, stack: ExitStack) -> str:
        if self.options.bus == "memory":
            return "memory://"
        return stack.enter_context(servers.valkey())

    def _pid_of_database(self) -> int | None:
        """The server's process, where it is on this machine."""
        said = Path(self.query("SELECT @@pid_file")[0][0])
        folder = Path(self.query("SELECT @@datadir")[0][0])
        path = said if said.is_absolute() else folder / said
        return int(path.read_text()) if path.exists() else None

    @contextmanager
    def ingest(self, module: str = MODULE, **settings: Any) -> Iterator[IngestProcess]:
        """Ingest in a process of its own, killed at the end."""
        process = IngestProcess(
            self.url,
            self._folder / "ingest.log",
            module=module,
            bus_url=self._bus,
            most_greeting=2 * DEVICES,
            **settings,
        )
        process.start()
        try:
            yield process
        finally:
            process.kill()

    @contextmanager
    def generator(
        self, port: int, devices: Sequence[Bearer], processes: int = PROCESSES
    ) -> Iterator[Generator]:
        """These devices, with a boot that they never had, not connected yet."""
        self._boot += 1
        hellos = [hello(device.uid, device.token, self._boot) for device in devices]
        with Generator(port, hellos, self.block, processes=processes) as made:
            yield made

    @property
    def boot(self) -> int:
        """That of the devices of the last generator."""
        return self._boot

    def own_rate(self, body: bytes = BODY) -> float:
        """Rows a second, each with `body`, that the database inserts by itself, just now."""
        return self._runner.run(own_rate(self.url, OWN_ROWS, body))

    def trackers(self, count: int) -> list[str]:
        """The IMEIs of so many more devices, which are trackers."""
        return [
            self._runner.run(make_tracker(self._database, self.tenant)).uid for _ in range(count)
        ]

    def clear(self, *pids: int) -> None:
        """Remove the readings, and wait until everyone has come to rest."""
        self.query("TRUNCATE TABLE reading")
        wait_idle([*pids, *([self.database_pid] if self.database_pid else [])])

    def count(self) -> int:
        """The readings that are stored."""
        stored: int = self.query("SELECT COUNT(*) FROM reading")[0][0]
        return stored

    def query(self, statement: str) -> Sequence[Sequence[Any]]:
        """Run a statement outside what is measured."""
        return self._runner.run(_query(self._database, statement))

    def say(self, what: str) -> None:
        """Tell who waits how far it is."""
        print(f"ingest: {what}", file=sys.stderr, flush=True)  # noqa: T201 - a command


async def _query(database: Database, statement: str) -> Sequence[Sequence[Any]]:
    async with database.transaction() as connection:
        result = await connection.execute(text(statement))
        return result.all() if result.returns_rows else ()


async def _populate(database: Database) -> tuple[Tenant, list[Bearer]]:
    """An organisation whose devices have a profile that declares what they send."""
    tenant = await make_tenant(database)
    profile = await make_profile(database, tenant, METRICS)
    now = SystemClock().now()
    made = []
    async with database.unit_of_work() as session:
        devices = [
            Device(
                org_id=tenant.id,
                uid=new_id("uid"),
                profile_id=profile.id,
                created_at=now,
                updated_at=now,
            )
            for _ in range(DEVICES)
        ]
        session.add_all(devices)
        await session.flush()
        for device in devices:
            bearer = Bearer(device.id, device.uid, f"dt_{new_secret()}")
            session.add(
                DeviceCredential(
                    org_id=tenant.id,
                    device_id=device.id,
                    token_hash=digest(bearer.token),
                    created_at=now,
                )
            )
            made.append(bearer)
    return tenant, made


@contextmanager
def _folder() -> Iterator[str]:
    folder = servers.new_folder("bench")
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _watching(bus: str, channel: str) -> Iterator[None]:
    """Someone who watches the organisation live, as a dashboard does, and draws nothing."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_watch, args=(bus, channel), daemon=True, name="watcher")
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _watch(bus: str, channel: str) -> None:
    port = int(bus.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as subscriber:
        subscriber.sendall(f"SUBSCRIBE {channel}\r\n".encode())
        while subscriber.recv(1 << 20):
            pass
