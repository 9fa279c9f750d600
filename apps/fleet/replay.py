"""The rows of a file, sent by the devices that they belong to.

Every row has the same identity in every replay: its boot number comes from the mapping and the
file, its sequence number is its line. The server knows how far it has committed that boot, so a
second replay sends only what is new, and what is sent twice is stored once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from apps.fleet.client import Client, RefusedError
from apps.fleet.csv_source import CsvSource
from apps.fleet.errors import DeviceRefused, FileUnusable, ServiceUnreachable
from apps.fleet.mapping import ColumnMapping, Message
from apps.fleet.outbox import MemoryOutbox
from apps.fleet.registry import Registry
from shared.telemetry.clean import clean

# Messages held per device: enough to fill a window, little enough for thousands of devices.
HELD = 1_000
MOST_DEVICES = 1_000
CONNECT_S = 20.0
DRAIN_S = 120.0
# Rows that are looked at together, so that their devices connect together.
AHEAD = 500
TELL_EVERY = 100


@dataclass
class Summary:
    """What became of a replay, by line where a row was not stored.

    `rows` were read, `sent` went out, `acked` of these are committed (rejected ones included),
    `already` were committed by an earlier replay. `bad`: (line, reason) of rows that say nothing
    that can be sent. `rejected`: (line, code, detail) as the server said.
    """

    rows: int = 0
    sent: int = 0
    acked: int = 0
    already: int = 0
    devices: int = 0
    stopped: bool = False
    bad: list[tuple[int, str]] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that was sent is committed."""
        return not self.stopped and self.acked == self.sent


class Replay:
    """One replay of `source` by `mapping` into the ingest at `host` and `port`.

    `speed`: 1 is the file's own pace, 60 a minute a second, 0 as fast as the server takes it.
    `registry` finds the devices. Set `stop` to end early: what was sent is still drained.
    """

    def __init__(
        self,
        source: CsvSource,
        mapping: ColumnMapping,
        registry: Registry,
        *,
        host: str,
        port: int,
        speed: float = 0,
        on_row: Callable[[Summary], None] | None = None,
    ) -> None:
        source.require(mapping.columns)
        self.summary = Summary(bad=source.bad)
        self.stop = asyncio.Event()
        self._source = source
        self._mapping = mapping
        self._registry = registry
        self._address = (host, port)
        self._speed = speed
        self._on_row = on_row
        self._clients: dict[str, Client] = {}
        self._origin: tuple[int, float] | None = None

    async def run(self) -> Summary:
        """Send every row and wait until all of it is committed.

        Raises `ServiceUnreachable` or `DeviceRefused` when that cannot be.
        """
        try:
            rows = self._source.rows()
            while chunk := list(islice(rows, AHEAD)):
                messages = self._read(chunk)
                await self._connect({message.device for _, message in messages})
                await self._play(messages)
                if self.summary.stopped:
                    break
            await self._drain()
        finally:
            self._count()
            self.summary.bad.sort()
            for client in self._clients.values():
                await client.close()
        return self.summary

    def _read(self, rows: list[tuple[int, dict[str, str]]]) -> list[tuple[int, Message]]:
        """(line, what it says) of each row that says something."""
        found = []
        for line, row in rows:
            try:
                found.append((line, self._mapping.message(row)))
            except ValueError as error:
                self.summary.bad.append((line, str(error)))
        self.summary.rows += len(rows) - len(found)
        return found

    async def _play(self, messages: list[tuple[int, Message]]) -> None:
        for line, message in messages:
            await self._pace(message.t)
            if self.stop.is_set():
                self.summary.stopped = True
                return
            self.summary.rows += 1
            client = self._clients[message.device]
            if line < client.outbox.next_seq:
                self.summary.already += 1
            else:
                await self._send(client, line, message)
            await self._tell()

    async def _tell(self) -> None:
        if self._on_row is not None and self.summary.rows % TELL_EVERY == 0:
            self._count()
            self._on_row(self.summary)
            await asyncio.sleep(0)  # rows that need no sending must not hold up the rest

    async def _send(self, client: Client, line: int, message: Message) -> None:
        try:
            await client.room()
            if message.event:
                client.send_event(message.event, message.body, t=message.t, seq=line)
            else:
                client.send_reading(message.body, t=message.t, seq=line)
        except RefusedError as error:
            raise DeviceRefused(f"{clean(message.device)}: {error}") from None
        except ValueError as error:
            self.summary.bad.append((line, clean(str(error))))
            return
        self.summary.sent += 1

    async def _connect(self, devices: set[str]) -> None:
        """Connect the devices that are new, all at once."""
        new = sorted(devices - self._clients.keys())
        if len(self._clients) + len(new) > MOST_DEVICES:
            raise FileUnusable(f"the file has more than {MOST_DEVICES} devices; split it")
        if not new:
            return
        known = await self._registry.ensure(new)
        for device in new:
            boot = self._source.boot(self._mapping.identity, device)
            self._clients[device] = Client(
                *self._address,
                device,
                known[device].token,
                outbox=MemoryOutbox(boot=boot, limit=HELD),
                on_reject=self._reject,
            )
            self._clients[device].start()
        self.summary.devices = len(self._clients)
        await asyncio.gather(*(self._reachable(self._clients[device]) for device in new))

    async def _reachable(self, client: Client) -> None:
        """Until the server has said how far it has this boot."""
        try:
            await asyncio.wait_for(client.connected(), CONNECT_S)
        except TimeoutError:
            host, port = self._address
            raise ServiceUnreachable(f"no device can connect to {host} port {port}") from None
        except RefusedError as error:
            raise DeviceRefused(f"{clean(client.device)}: {error}") from None

    def _reject(self, line: int, code: str, detail: str) -> None:
        self.summary.rejected.append((line, clean(code), clean(detail)))

    def _count(self) -> None:
        self.summary.acked = sum(client.acked for client in self._clients.values())

    async def _pace(self, t: int) -> None:
        """Wait until it is the row's turn; a time before the first row's is due at once."""
        if not self._speed:
            return
        now = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = (t, now)
        due = self._origin[1] + (t - self._origin[0]) / 1000 / self._speed
        if due > now:
            stopped = asyncio.create_task(self.stop.wait())
            await asyncio.wait([stopped], timeout=due - now)
            stopped.cancel()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                for client in self._clients.values():
                    await client.drain()
        except TimeoutError:
            left = sum(len(client.outbox) for client in self._clients.values())
            raise ServiceUnreachable(
                f"{left} messages were not acknowledged within {DRAIN_S:g} s; replay again"
            ) from None
        except RefusedError as error:
            raise DeviceRefused(str(error)) from None
