"""The load: many devices in several processes, messages encoded before the clock starts."""

import asyncio
import json
import multiprocessing
import time
from dataclasses import dataclass
from functools import partial

import uvloop

from tests.support.builders import MadeDevice

PROCESSES = 2
# 76 bytes with four metrics, like the figures that the aims come from.
MESSAGE = b'{"s":%d,"t":%d,"v":{"temp":21.5,"hum":44.25,"co2":612,"ok":true}}\n'


@dataclass(frozen=True)
class Load:
    """Each device sends `messages`, with at most `window` of them unacknowledged."""

    port: int
    window: int
    messages: int
    boot: int


class Device(asyncio.Protocol):
    """Sends its messages as fast as the window allows."""

    def __init__(self, load: Load, device: MadeDevice, done: asyncio.Future[float]) -> None:
        self._load = load
        self._device = device
        self._done = done
        self._rest = b""
        self._sent = 0
        self._acked = 0
        self._go = False
        now = time.time_ns() // 1_000_000
        self._lines = [MESSAGE % (number, now) for number in range(1, load.messages + 1)]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's
        hello = {
            "hello": 1,
            "device": self._device.uid,
            "token": self._device.token,
            "boot": self._load.boot,
        }
        self._transport.write(json.dumps(hello).encode() + b"\n")

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith(b'{"a":'):
                self._acked = int(line[5:-1])
            elif b'"ok"' not in line:
                self._done.set_exception(RuntimeError(line.decode()))
        if self._acked == self._load.messages:
            self._done.set_result(time.time())
            self._transport.close()
        else:
            self._fill()

    def _fill(self) -> None:
        upto = min(self._acked + self._load.window, self._load.messages)
        if upto > self._sent:
            self._transport.write(b"".join(self._lines[self._sent : upto]))
            self._sent = upto


async def _run(load: Load, devices: list[MadeDevice]) -> float:
    loop = asyncio.get_running_loop()
    ends = []
    for device in devices:
        end: asyncio.Future[float] = loop.create_future()
        ends.append(end)
        await loop.create_connection(partial(Device, load, device, end), "127.0.0.1", load.port)
    return max(await asyncio.gather(*ends))


def _process(load: Load, devices: list[MadeDevice], out: "multiprocessing.Queue[float]") -> None:
    out.put(uvloop.run(_run(load, devices)))


def drive(load: Load, devices: list[MadeDevice]) -> float:
    """Send everything; returns messages acknowledged a second, over all devices."""
    context = multiprocessing.get_context("fork")
    out: multiprocessing.Queue[float] = context.Queue()
    parts = [devices[at::PROCESSES] for at in range(PROCESSES)]
    processes = [context.Process(target=_process, args=(load, part, out)) for part in parts if part]
    began = time.time()
    for process in processes:
        process.start()
    ended = max(out.get(timeout=600) for _ in processes)
    for process in processes:
        process.join()
    return len(devices) * load.messages / (ended - began)
