"""Runs, as a key of a new organisation asks for them; they are made when a test says so."""

from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import update

from apps.reporting.main import create_app
from apps.reporting.runs.making import Making
from apps.reporting.runs.repository import QUEUE
from apps.reporting.settings import ReportingSettings
from shared.models import Job
from shared.web.services import Services
from tests.reporting.exporting import T0, body
from tests.support.as_users import as_user
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.events import waiting
from tests.support.http import Caller, idle_client
from tests.support.telemetry import store_readings

RUNS = "/v1/runs"


@dataclass(frozen=True)
class Runs(Caller):
    app: FastAPI
    services: Services

    async def ask(self, **fields: Any) -> Any:
        return await self.post(RUNS, {"kind": "readings", **fields}, expect=202)

    async def run(self, run: Any) -> Any:
        return await self.get(f"{RUNS}/{run['id']}")

    async def file(self, run: Any) -> httpx.Response:
        return await self.http.get(f"{RUNS}/{run['id']}/file", headers=self.tenant.headers)

    async def make(self) -> int:
        """Make the runs of this organisation that wait. Returns how many."""
        jobs = await waiting(self.services.database, self.tenant, [QUEUE])
        for job in jobs:
            await self._set(job, "running")
            ended = "ready"
            try:
                async with self._as_app().database.unit_of_work() as session:
                    await self.making().make(session, job.payload)
                ended = "done"
            finally:
                await self._set(job, ended)
        return len(jobs)

    def making(self) -> Making:
        app = self.app.state
        return Making(self._as_app().database, app.storage, self.services.clock, app.settings)

    async def device(self, rows: int) -> MadeDevice:
        """A device with so many readings of `temp`."""
        made = await make_device(self.services.database, self.tenant)
        if rows:
            stored = [(T0 + n, 1, n, body(temp=n)) for n in range(rows)]
            await store_readings(self.services.database, made, stored)
        return made

    async def _set(self, job: Job, status: str) -> None:
        changed = update(Job).where(Job.id == job.id).values(status=status)
        async with self.services.database.unit_of_work() as session:
            await session.execute(changed)

    def _as_app(self) -> Services:
        return as_user(self.services, "reporting")


async def runs(services: Services, **settings: Any) -> Runs:
    """Runs of a new organisation; `settings` are reporting's own."""
    chosen = services.settings_as(ReportingSettings).model_copy(update=settings)
    app = create_app(chosen, services)
    tenant = await make_tenant(services.database)
    return Runs(idle_client(app, "reporting"), tenant, app, services)
