"""Records of Teltonika trackers committed and counted a second, beside the database's own rate."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

import msgspec
import uvloop

from apps.fleet.avl import Fix, hello, packet
from apps.fleet.tracks import expected
from tests.bench.devices.messages import LoadError
from tests.bench.parts.rig import Rig
from tests.bench.results import Figure
from tests.support.servers import free_port

TRACKERS: Final = 200
RECORDS: Final = 10
# As many a second as one tracker is ever answered here. All trackers send the same packets, since
# the device is part of what tells records apart.
A_SECOND: Final = 40
SAID: Final = "200 trackers in lock-step, packets of 10 records"


def trackers(rig: Rig) -> list[Figure]:
    """As many packets as are answered: a tracker waits for each answer before its next packet."""
    imeis = rig.trackers(TRACKERS)
    fixes = _fixes(round(rig.options.seconds * A_SECOND) * RECORDS)
    body = msgspec.json.encode(expected(fixes[0]))
    packets = [packet(fixes[at : at + RECORDS]) for at in range(0, len(fixes), RECORDS)]
    figure = Figure(SAID, "records/s")
    with rig.ingest(teltonika_port=free_port()) as ingest:
        for number in range(rig.options.runs):
            rig.clear(ingest.pid)
            figure.own.append(rig.own_rate(body))
            rig.clear(ingest.pid)
            before = ingest.cpu_s
            counted, seconds, cpu_s = _elsewhere(ingest.teltonika_port, imeis, packets)
            own_s = ingest.cpu_s - before
            if rig.count() != counted:
                raise LoadError(f"{counted:,} records are counted and {rig.count():,} stored")
            figure.runs.append(counted / seconds)
            rig.say(
                f"{SAID}, run {number + 1}: {figure.runs[-1]:,.0f} records/s beside"
                f" {figure.own[-1]:,.0f} rows/s; a record took {own_s / counted * 1e6:.1f} µs of"
                f" ingest, {cpu_s / counted * 1e6:.1f} of the trackers"
            )
    return [figure]


def _fixes(count: int) -> list[Fix]:
    began = time.time_ns() // 1_000_000 - count
    return [
        Fix(t=began + n, lat=54.7146368, lon=25.3032245, alt=111, angle=n % 360, satellites=12,
            speed=n % 90, io={239: 1, 240: n % 2, 66: 12_000 + n % 900, 16: n})
        for n in range(count)
    ]  # fmt: skip


def _elsewhere(
    port: int, imeis: Sequence[str], packets: Sequence[bytes]
) -> tuple[int, float, float]:
    """Records counted, the seconds and the CPU seconds that it took, in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_live, args=(theirs, port, imeis, packets), daemon=True, name="trackers"
    )
    process.start()
    theirs.close()
    try:
        found: tuple[int, float, float] = ours.recv()
    except EOFError:
        raise LoadError("the trackers died") from None
    finally:
        process.join()
    return found


def _live(pipe: Connection, port: int, imeis: Sequence[str], packets: Sequence[bytes]) -> None:
    began = time.process_time()
    counted, seconds = uvloop.run(_all(port, imeis, packets))
    pipe.send((counted, seconds, time.process_time() - began))


async def _all(port: int, imeis: Sequence[str], packets: Sequence[bytes]) -> tuple[int, float]:
    lines = await asyncio.gather(*(_come_in(port, imei) for imei in imeis))
    began = time.perf_counter()
    counts = await asyncio.gather(*(_send(*line, packets) for line in lines))
    seconds = time.perf_counter() - began
    for _, writer in lines:
        writer.close()
    return sum(counts), seconds


async def _come_in(port: int, imei: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(hello(imei))
    if await reader.readexactly(1) != b"\x01":
        raise LoadError(f"{imei} is not let in")
    return reader, writer


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, packets: Sequence[bytes]
) -> int:
    counted = 0
    for one in packets:
        writer.write(one)
        counted += int.from_bytes(await reader.readexactly(4))
    return counted
