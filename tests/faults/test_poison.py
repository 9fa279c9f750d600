"""A row that the database refuses, in the middle of a batch of 5,000."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, select, text

from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.models import DeadLetter, Reading, UsageHour
from shared.readings.parcel import Parcel
from shared.readings.store import Store
from shared.settings import Settings
from shared.web.services import Services
from tests.faults.rig import administer, make_database
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.ingesting import ingesting
from tests.support.mariadb_process import MariadbProcess
from tests.support.until import until
from tests.support.wire import Wire, wire

BATCH = 5_000
# So many for each of the writers, which have every other device.
DEVICES = 12
EACH = 1_000
# The number of a message in the middle.
BAD = 500
LINES = b"".join(b'{"s":%d,"v":{"temp":1}}\n' % number for number in range(1, EACH + 1))
# The state of every device waits for this while the batch gathers.
HOLD = "SELECT 1 FROM device_state FOR UPDATE"


async def refuse(server: MariadbProcess, url: str, device: MadeDevice) -> None:
    """Let the database refuse one number of `device`, as it would a value it cannot hold."""
    async with administer(server, url.rsplit("/", 1)[1]) as admin:
        await admin.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON reading FOR EACH ROW"
                f" IF NEW.device_id = {device.id} AND NEW.seq = {BAD} THEN"
                " SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1264, MESSAGE_TEXT = 'out of range';"
                " END IF"
            )
        )


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages were in each batch that was tried."""
    tried: list[int] = []
    commit = Store.commit

    async def counted(
        store: Store, database: Database, parcels: Sequence[Parcel], **more: Any
    ) -> Any:
        tried.append(sum(parcel.count for parcel in parcels))
        return await commit(store, database, parcels, **more)

    monkeypatch.setattr(Store, "commit", counted)
    return tried


@asynccontextmanager
async def gathering(
    services: Services, devices: list[MadeDevice], sizes: list[int]
) -> AsyncIterator[list[Wire]]:
    """Devices of which each has sent `LINES`, of which ingest makes a batch a writer."""
    tenant = await make_tenant(services.database)
    firsts = [await make_device(services.database, tenant) for _ in range(2)]
    async with (
        ingesting(services, window=10_000, batch_rows=BATCH) as ingest,
        AsyncExitStack() as stack,
    ):
        before = [await stack.enter_async_context(wire(ingest.port)) for _ in firsts]
        lines = [await stack.enter_async_context(wire(ingest.port)) for _ in devices]
        for line, device in zip([*before, *lines], [*firsts, *devices], strict=True):
            await line.hello(device)
        async with services.database.transaction() as blocking:
            await blocking.execute(text(HOLD))
            for line in before:
                await line.send({"s": 1, "v": {"temp": 1}})
            await until(lambda: len(sizes) == 2, "batches that are held up")
            for line in lines:
                await line.send(LINES)
            # The kernel may keep some of it; what one writer misses then it has all the same.
            enough = (DEVICES - 1) * len(LINES)
            await until(lambda: ingest.pipeline.held > enough, "batches that gather")
        yield lines


async def test_one_bad_row_of_5000_becomes_a_dead_letter_and_the_rest_is_committed(
    server: MariadbProcess, sizes: list[int]
) -> None:
    url = await make_database(server, migrated=True)
    settings = Settings(database_url=url)
    database = Database.from_settings(settings)
    services = Services(settings, database, MemoryBus(), SystemClock())
    tenant = await make_tenant(database)
    devices = [await make_device(database, tenant) for _ in range(DEVICES)]
    bad = DEVICES // 2
    await refuse(server, url, devices[bad])

    async with gathering(services, devices, sizes) as lines:
        rejected = [await line.acked(EACH) for line in lines]

    ((one,),) = filter(None, rejected)
    assert rejected.index([one]) == bad
    assert (one["n"], one["code"]) == (BAD, "refused")
    # Two of them, of which one is halved down to the row, each time with its other half.
    assert sum(size >= BATCH for size in sizes) == 2
    assert len(sizes) < 60
    async with database.read() as session:
        stored = await session.scalar(select(func.count()).select_from(Reading))
        counted = await session.scalar(select(func.sum(UsageHour.count)))
        (letter,) = (await session.scalars(select(DeadLetter))).all()
    assert stored == counted == 2 + DEVICES * EACH - 1
    assert (letter.seq, letter.device_id) == (BAD, devices[bad].id)
    assert b'"temp":1' in letter.raw
    await database.close()
