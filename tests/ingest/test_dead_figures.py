import asyncio
import json

import pytest

from apps.ingest import metrics
from apps.ingest.reports import report_dead_letters
from apps.ingest.settings import IngestSettings
from shared.telemetry import emf
from tests.support.until import until


async def test_each_line_says_how_many_dead_letters_there_were_since_the_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(emf.METRICS, "DeadLetters", emf.Metric("Count", every_s=0))
    counted, stop, said = metrics.MESSAGES.labels("dead_letter"), asyncio.Event(), list[float]()
    counted.inc(7)  # from before

    def heard() -> int:
        lines = capsys.readouterr().out.splitlines()
        said.extend(json.loads(line)["DeadLetters"] for line in lines)
        return len(said)

    telling = asyncio.create_task(report_dead_letters(IngestSettings(), stop))
    await until(heard)
    counted.inc(3)
    await until(lambda: bool(heard() and sum(said)))
    counted.inc(2)
    await until(lambda: bool(heard() and sum(said) > 3))
    stop.set()
    await telling
    assert {count for count in said if count} == {3.0, 2.0}
