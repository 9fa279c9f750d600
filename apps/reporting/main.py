"""Reporting's process: wiring only."""

import asyncio
import sys
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from apps.reporting.exports.report import report as report_exports
from apps.reporting.exports.router import router as exports
from apps.reporting.runs.keeping import Keeping
from apps.reporting.runs.making import Making
from apps.reporting.runs.report import report as report_runs
from apps.reporting.runs.repository import QUEUE
from apps.reporting.runs.router import router as runs
from apps.reporting.settings import ReportingSettings
from shared.jobs import Worker
from shared.storage.base import Storage
from shared.storage.connect import connect_storage
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide
from shared.web.streaming import Slots

# Ten times what the largest run takes on half a core.
LONGEST_RUN = timedelta(hours=1)
DESCRIPTION = """Readings and events as files: streamed at once, or made in the background.

Sign in with an API key: `Authorization: Bearer fk_…`. Lists come in pages: follow `next` until it
is null. A request with an `Idempotency-Key` may be sent again: it takes effect once."""


def create_app(
    settings: ReportingSettings | None = None, services: Services | None = None
) -> FastAPI:
    """Reporting and its workers. Without `services` it makes its own, and closes them."""
    here = provide(ReportingSettings, settings, services)
    settings = settings or here.settings_as(ReportingSettings)
    slots = Slots("exports", total=settings.exports, each=settings.exports_each)
    storage = connect_storage(settings)
    keeping = Keeping(here.database, storage, here.clock, settings)
    environment = settings.environment
    app = create_web_app(
        name="reporting",
        title="Fortress reporting",
        description=DESCRIPTION,
        services=here,
        routers=[exports, runs],
        background=[
            partial(report_exports, slots, environment),
            partial(report_runs, here.database, here.clock, environment),
            keeping.run,
            partial(_work, _workers(here, storage, settings), storage),
        ],
    )
    app.state.settings = settings
    app.state.export_slots = slots
    app.state.download_slots = Slots(
        "downloads", total=settings.downloads, each=settings.downloads_each
    )
    app.state.storage = storage
    app.state.keeping = keeping
    return app


def _workers(here: Services, storage: Storage, settings: ReportingSettings) -> list[Worker]:
    """One for each run that is made at once: a worker makes one, and claims no other meanwhile."""
    making = Making(here.database, storage, here.clock, settings)
    return [
        Worker(
            here.database,
            here.bus,
            QUEUE,
            making.make,
            clock=here.clock,
            longest=LONGEST_RUN,
            batch=1,
        )
        for _ in range(settings.runs)
    ]


async def _work(workers: list[Worker], storage: Storage, stop: asyncio.Event) -> None:
    """Work until `stop` is set; then nobody needs the storage any more."""
    await asyncio.gather(*(worker.run(stop) for worker in workers))
    await storage.close()


if __name__ == "__main__":
    sys.exit(serve(create_app, ReportingSettings))
