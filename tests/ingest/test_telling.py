import asyncio

from apps.ingest.telling import COMMITS, Telling
from shared.bus import MemoryBus
from shared.readings.parcel import Source
from shared.readings.plan import Taken
from tests.support.parcels import parcel, reading

SOURCE = Source(1, "dev_1", "d", 1, "org_1")


class SlowBus(MemoryBus):
    """A bus that takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.lets = asyncio.Event()
        self.asked = asyncio.Event()
        self.taken: list[bytes] = []

    async def publish(self, channel: str, data: bytes) -> bool:  # noqa: ARG002 - any channel
        self.asked.set()
        await self.lets.wait()
        self.taken.append(data)
        return True


def commit(number: int) -> list[Taken]:
    sent = parcel(SOURCE, reading(number))
    return [Taken(sent, sent.readings, [])]


async def test_a_bus_that_takes_nothing_holds_up_nobody_and_memory_is_bounded() -> None:
    bus = SlowBus()
    telling = Telling(bus)
    running = asyncio.create_task(telling.run())
    telling.put(commit(1))
    await bus.asked.wait()
    for number in range(2, COMMITS + 3):
        telling.put(commit(number))
    bus.lets.set()
    await telling.told()
    running.cancel()
    # The one under way, and the newest: the oldest of those that waited was left out.
    assert len(bus.taken) == COMMITS + 1
    assert b",2," not in b"".join(frame.split(b'{"temp"')[0] for frame in bus.taken)


async def test_a_commit_that_cannot_be_told_of_does_not_end_the_telling() -> None:
    bus = SlowBus()
    bus.lets.set()
    telling = Telling(bus)
    running = asyncio.create_task(telling.run())
    telling.put([None])  # type: ignore[list-item]  # what provokes an error that nobody foresaw
    telling.put(commit(2))
    await telling.told()
    running.cancel()
    assert len(bus.taken) == 1
