import asyncio
import json

import pytest

from apps.reporting.exports.report import report
from shared.settings import Environment
from shared.web.streaming import Slots
from tests.support.until import until


async def test_exports_under_way_are_told_to_cloudwatch(capsys: pytest.CaptureFixture[str]) -> None:
    slots, stop, said = Slots("exports", total=8, each=2), asyncio.Event(), []

    def heard() -> bool:
        said.extend(capsys.readouterr().out.splitlines())
        return bool(said)

    with slots.take(1), slots.take(2):
        telling = asyncio.create_task(report(slots, Environment.production, stop))
        await until(heard)
    stop.set()
    await telling
    line = json.loads(said[0])
    assert line["RunningExports"] == 2
    assert (line["Environment"], line["Service"]) == ("production", "reporting")


async def test_a_laptop_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    slots = Slots("exports", total=8, each=2)
    await report(slots, Environment.development, asyncio.Event())
    assert capsys.readouterr().out == ""
