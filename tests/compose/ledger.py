"""Devices that talk to the stack, over TCP and over HTTP, and what became of what they sent."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from apps.fleet.api import Api
from apps.fleet.client import system_ms
from shared.ids import new_id
from tests.compose.stack import Stack
from tests.support.builders import MadeDevice
from tests.support.talkers import Talker
from tests.support.until import until

DEVICES = 4
BURST, REST_S = 4, 0.05
PAUSE_S = 0.05
# What an HTTP device counts its messages in.
BOOT = 1
PATIENCE_S = 90


@dataclass(frozen=True)
class Front:
    """The stack as a client sees it: nginx's port, and a key."""

    stack: Stack
    key: str

    def url(self, app: str) -> str:
        return f"http://{app}.fortress.localhost:{self.stack.http_port}"

    def api(self) -> Api:
        return Api(self.url("api"), self.key)

    def http(self, app: str, **more: Any) -> httpx.AsyncClient:
        """A client that connects to nginx and names the app."""
        host = f"{app}.fortress.localhost:{self.stack.http_port}"
        headers = {"Host": host, "Authorization": f"Bearer {self.key}"}
        base = f"http://127.0.0.1:{self.stack.http_port}"
        return httpx.AsyncClient(base_url=base, headers=headers, timeout=10, **more)


@dataclass
class Poster:
    """A device that sends over HTTP: each message until it is answered as stored."""

    front: Front
    device: MadeDevice
    acked: int = 0
    began_ms: int = field(default_factory=system_ms)
    failures: Counter[str] = field(default_factory=Counter)

    async def talk(self, stop: asyncio.Event) -> None:
        async with self.front.http("api") as http:
            while not stop.is_set():
                await self._send(http, self.acked + 1)
                self.acked += 1
                await asyncio.sleep(PAUSE_S)

    async def _send(self, http: httpx.AsyncClient, number: int) -> None:
        path = f"/v1/devices/{self.device.public_id}/readings"
        # One time for all tries: it is the same message.
        body = {"boot": BOOT, "s": number, "t": self.began_ms + number, "v": {"temp": number}}
        while True:
            try:
                answer = await http.post(path, json=body)
            except httpx.HTTPError as error:
                self.failures[type(error).__name__] += 1
            else:
                if answer.status_code in (200, 201):
                    return
                assert answer.status_code >= 500, answer.text
                self.failures[str(answer.status_code)] += 1
            await asyncio.sleep(PAUSE_S)


@dataclass
class Ledger:
    """Who talks. `acked` grows while what they send is stored."""

    front: Front
    talkers: list[Talker]
    posters: list[Poster]

    @property
    def progress(self) -> list[int]:
        return [one.acked for one in self.talkers] + [one.acked for one in self.posters]

    async def flows(self) -> None:
        """Wait until every device has had more acknowledged than now."""
        before = self.progress

        def all_grew() -> bool:
            return all(now > then for now, then in zip(self.progress, before, strict=True))

        await until(all_grew, f"acknowledgements beyond {before}", PATIENCE_S)

    async def missing_and_doubled(self) -> tuple[int, int]:
        """Of what was sent and acknowledged: what the API does not return, or returns twice."""
        missing = doubled = 0
        async with self.front.api() as api:
            for talker in self.talkers:
                found = await _stored(api, talker.device)
                missing += len(set(talker.sent) - {seq for _, seq in found})
                doubled += found.total() - len(found)
                # Each number in one boot only, or a message was stored as two.
                doubled += len(found) - len({seq for _, seq in found})
            for poster in self.posters:
                found = await _stored(api, poster.device)
                missing += len(set(range(1, poster.acked + 1)) - {seq for _, seq in found})
                doubled += found.total() - len(found)
        return missing, doubled


async def _stored(api: Api, device: MadeDevice) -> Counter[tuple[int, int]]:
    """How often each (boot, number) is returned, as a reading or as an event."""
    counts: Counter[tuple[int, int]] = Counter()
    for kind in ("readings", "events"):
        items = api.items(f"/v1/devices/{device.public_id}/{kind}")
        async for item in items:
            counts[item["boot"], item["s"]] += 1
    return counts


async def make_device(api: Api) -> MadeDevice:
    made = await api.post("/v1/devices", {"uid": new_id("uid")})
    return MadeDevice(0, made["id"], made["uid"], made["token"])


@asynccontextmanager
async def talking(front: Front) -> AsyncIterator[Ledger]:
    """Devices send inside the block. At its end they stop once all they sent is acknowledged."""
    async with front.api() as api:
        devices = [await make_device(api) for _ in range(DEVICES + 1)]
    port = front.stack.tcp_port
    talkers = [
        Talker(port, device, random.Random(number), burst=BURST, rest_s=REST_S)
        for number, device in enumerate(devices[:DEVICES])
    ]
    ledger = Ledger(front, talkers, [Poster(front, devices[DEVICES])])
    stop = asyncio.Event()
    for talker in talkers:
        talker.client.start()
    talks = [one.talk(stop) for one in talkers] + [one.talk(stop) for one in ledger.posters]
    everyone = asyncio.gather(*talks)
    try:
        await ledger.flows()
        yield ledger
        stop.set()
        await asyncio.wait_for(everyone, PATIENCE_S)
    finally:
        everyone.cancel()
        for talker in talkers:
            await talker.client.close()
