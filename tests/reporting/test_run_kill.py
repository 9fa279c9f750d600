"""Reporting is killed while it makes a run; the run is made again, once, and has one file."""

import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from apps.reporting.runs.repository import QUEUE
from shared.models import Job
from shared.web.services import Services
from tests.reporting.running import RUNS, runs
from tests.support import servers
from tests.support.until import until

ROWS = 20_000
DEADLINE_S = 60


# A process takes seconds to start, and leases are tried on every database elsewhere.
@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
async def test_a_run_survives_the_end_of_its_worker(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    here = await runs(services)
    await here.device(ROWS)
    asked = await here.ask(metrics=["temp"])
    environment = {
        "FORTRESS_DATABASE_URL": database_url,
        "FORTRESS_STORAGE_URL": services.settings.storage_url,
        "FORTRESS_PORT": str(servers.free_port()),
    }
    command = [sys.executable, "-m", "apps.reporting.main"]

    async def state() -> str:
        return str((await here.run(asked))["state"])

    async def being_made() -> bool:
        return await state() == "running"

    async def made() -> bool:
        return await state() == "succeeded"

    log = tmp_path / "log"
    with servers.process(command, log, environment=environment) as process:
        await until(being_made, "the worker", DEADLINE_S)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert await being_made()
    # Its lease goes by.
    job = (Job.queue == QUEUE, Job.key == asked["id"])
    async with services.database.unit_of_work() as session:
        lapsed = services.clock.now().replace(year=2020)
        await session.execute(update(Job).where(*job).values(lease_until=lapsed))
    async with here.app.router.lifespan_context(here.app):
        await until(made, "the file", DEADLINE_S)
    async with services.database.read() as session:
        found = (await session.scalars(select(Job).where(*job))).one()
    storage = here.app.state.storage
    assert (found.status, found.attempts) == ("done", 2)
    kept = [key async for key in storage.list_keys(here.tenant.public_id)]
    assert kept == [f"{here.tenant.public_id}/runs/{asked['id']}.csv"]
    assert (await here.file(asked)).text.count("\r\n") == ROWS + 1
    await here.delete(f"{RUNS}/{asked['id']}")
