"""A Teltonika tracker as bytes: what is sent and read is written out by the test."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.models import Device, DeviceState
from tests.support.builders import MadeDevice, Tenant

READ_S = 20.0


class Tracker:
    """A TCP connection of packets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.writer.write(packet)
        await self.writer.drain()

    async def hello(self, imei: str) -> bytes:
        """Says who it is; returns the one byte of the answer."""
        await self.send(hello(imei))
        return await self.read(1)

    async def read(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), READ_S)

    async def taken(self) -> int:
        """The count in the next answer."""
        return int.from_bytes(await self.read(4))

    async def closed(self) -> bool:
        """Whether the server closes now, without another answer."""
        return await asyncio.wait_for(self.reader.read(), READ_S) == b""


def hello(imei: str) -> bytes:
    return len(imei).to_bytes(2) + imei.encode()


def any_imei() -> str:
    return "".join(random.choices("0123456789", k=15))


@asynccontextmanager
async def tracker(port: int) -> AsyncIterator[Tracker]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Tracker(reader, writer)
    finally:
        writer.close()


async def make_tracker(
    database: Database,
    tenant: Tenant,
    *,
    networks: list[str] | None = None,
    disabled: bool = False,
    profile_id: int | None = None,
) -> MadeDevice:
    """A device that is known by its IMEI; it has no token."""
    now = SystemClock().now()
    imei = any_imei()
    async with database.unit_of_work() as session:
        device = Device(
            org_id=tenant.id,
            public_id=new_id("dev"),
            uid=imei,
            imei=imei,
            networks=networks,
            disabled=disabled,
            profile_id=profile_id,
            created_at=now,
            updated_at=now,
        )
        session.add(device)
        await session.flush()
        session.add(DeviceState(device_id=device.id, org_id=tenant.id))
    return MadeDevice(device.id, device.public_id, imei, "")
