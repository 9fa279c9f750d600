"""A small live fleet: reference clients that say, slowly, what the simulator's devices say."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from apps.fleet.client import Client, RefusedError
from apps.fleet.kinds import KINDS, say
from apps.fleet.outbox import MemoryOutbox
from apps.local.demo import FIRST_STEPS, Wanted

# Each device says something this often.
EVERY_S = 2.0
SEED = 1
# While ingest is away a device keeps its last half hour.
WAITING = 900

log = logging.getLogger(__name__)


def wanted(count: int) -> list[Wanted]:
    """The devices of a fleet of `count`, kinds in turn, and the one that is played by hand."""
    made = [
        Wanted(f"{kind}-{number // len(KINDS) + 1:02}", kind)
        for number in range(count)
        for kind in (KINDS[number % len(KINDS)],)
    ]
    return [*made, Wanted(FIRST_STEPS, KINDS[0])]


@asynccontextmanager
async def running(
    count: int, tokens: Mapping[str, str], host: str, port: int
) -> AsyncIterator[None]:
    """A fleet of `count` devices inside the block. `tokens`: by uid."""
    devices = [
        (device, Client(host, port, device.uid, tokens[device.uid], outbox=_outbox()))
        for device in wanted(count)[:count]
    ]
    for _, client in devices:
        client.start()
    talking = asyncio.create_task(_talk(devices), name="fleet")
    talking.add_done_callback(_note_end)
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        await asyncio.gather(*(client.close() for _, client in devices))


def _outbox() -> MemoryOutbox:
    return MemoryOutbox(limit=WAITING)


async def _talk(devices: list[tuple[Wanted, Client]]) -> None:
    """One device after the other, so that each speaks every `EVERY_S` seconds."""
    here = dict(enumerate(devices))
    while here:
        for number, (device, client) in list(here.items()):
            if isinstance(client.failed, RefusedError):
                log.warning("the simulated device %s stopped: %s", device.uid, client.failed)
                del here[number]
            elif len(client.outbox) < client.outbox.limit:
                _say(number, device, client)
            await asyncio.sleep(EVERY_S / len(devices))


def _say(number: int, device: Wanted, client: Client) -> None:
    # Numbered by the time, so that curves go on where they were after a restart.
    event, body = say(device.kind, SEED, number, int(time.time() / EVERY_S) + number)
    if event:
        client.send_event(event, body)
    else:
        client.send_reading(body)


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the simulated fleet stopped", exc_info=task.exception())
