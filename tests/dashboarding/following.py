"""Following a live stream over real HTTP, and committing what it shows."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from apps.dashboarding.main import create_app
from apps.dashboarding.settings import DashboardingSettings
from shared.clock import SystemClock
from shared.web.services import Services
from tests.support.builders import MadeDevice, Tenant
from tests.support.http import served
from tests.support.telemetry import store_state

PATIENCE_S = 20


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: Any


class Stream:
    """The events of one answer."""

    def __init__(self, answer: httpx.Response) -> None:
        self.media_type = answer.headers["content-type"]
        self._lines = answer.aiter_lines()
        self.comments = 0

    async def next(self) -> Event | None:
        """The next event; none at the stream's end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    fields[name] = value
                elif "event" in fields:
                    return Event(fields["event"], fields["id"], json.loads(fields["data"]))
        return None

    async def wait_for(self, name: str) -> Event:
        """The next event with a name; others are passed over."""
        while True:
            event = await self.next()
            assert event is not None, f"the stream ended before {name}"
            if event.name == name:
                return event

    async def snapshot(self) -> dict[str, Any]:
        """Device → its latest values, from all parts."""
        found: dict[str, Any] = {}
        while True:
            event = await self.wait_for("snapshot")
            found |= {item["device"]: item["latest"] for item in event.data["devices"]}
            if event.data["last"]:
                return found

    async def comment(self) -> None:
        """Wait for a comment."""
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                if line.startswith(":"):
                    return


class Dashboard:
    """A served app."""

    def __init__(self, services: Services, app: FastAPI, port: int) -> None:
        self.services = services
        self.app = app
        self.port = port

    @asynccontextmanager
    async def follow(
        self, tenant: Tenant, *, last_id: str | None = None, **query: Any
    ) -> AsyncIterator[Stream]:
        headers = tenant.headers | ({"Last-Event-ID": last_id} if last_id else {})
        base = f"http://127.0.0.1:{self.port}"
        async with (
            httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as http,
            http.stream("GET", "/v1/live", headers=headers, params=query) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            yield Stream(answer)

    async def get(self, tenant: Tenant, **query: Any) -> httpx.Response:
        """The answer to a request that is refused."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            return await http.get("/v1/live", headers=tenant.headers, params=query)

    async def commit(
        self, tenant: Tenant, device: MadeDevice, latest: dict[str, Any], **state: Any
    ) -> None:
        """What ingest commits of a device's state."""
        values = {"changed_ts": SystemClock().now_ms(), "latest": latest} | state
        await store_state(self.services.database, tenant, device, **values)

    async def publish(self, tenant: Tenant, *readings: list[Any]) -> None:
        """What ingest says on the bus after its commit."""
        data = json.dumps({"r": list(readings), "e": []}).encode()
        await self.services.bus.publish(f"live:{tenant.public_id}", data)


@asynccontextmanager
async def dashboard(services: Services, **settings: Any) -> AsyncIterator[Dashboard]:
    """The app behind a real server; `settings` are its own."""
    chosen = services.settings_as(DashboardingSettings).model_copy(update=settings)
    app = create_app(chosen, services)
    async with served(app) as port:
        yield Dashboard(services, app, port)
