import asyncio
import json

import pytest

from apps.reporting.runs.report import report
from apps.reporting.runs.repository import QUEUE
from shared.jobs import leases
from shared.settings import Environment
from shared.web.services import Services
from tests.reporting.running import runs
from tests.support.until import until


async def test_runs_that_wait_are_told_to_cloudwatch(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    here = await runs(services)
    await here.ask()
    async with services.database.read() as session:
        # Those of other tests wait too.
        waiting = await leases.waiting(session, QUEUE, services.clock.now())
    assert waiting >= 1
    stop, said = asyncio.Event(), list[str]()

    def heard() -> bool:
        said.extend(capsys.readouterr().out.splitlines())
        return bool(said)

    telling = asyncio.create_task(
        report(services.database, services.clock, Environment.production, stop)
    )
    await until(heard)
    stop.set()
    await telling
    line = json.loads(said[0])
    assert line["WaitingRuns"] == waiting
    assert (line["Environment"], line["Service"]) == ("production", "reporting")


async def test_a_laptop_is_not_told_of_runs(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    await report(services.database, services.clock, Environment.development, asyncio.Event())
    assert capsys.readouterr().out == ""
