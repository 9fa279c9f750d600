import asyncio
from pathlib import Path
from typing import Any

import pytest

from apps.fleet import replay as replays
from apps.fleet.csv_source import CsvSource
from apps.fleet.errors import DeviceRefused, FileUnusable, ServiceUnreachable
from apps.fleet.guess import guess
from apps.fleet.mapping import ColumnMapping
from apps.fleet.registry import Registry
from apps.fleet.replay import Replay, Summary
from tests.apps.fleet.toy_service import ToyService, toy_service
from tests.support.servers import free_port
from tests.support.until import until

ROWS = "device,t,n\n" + "".join(f"p-{n % 3},{1000 + n},{n}\n" for n in range(300))


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text)
    return path


def replay_of(toy: ToyService, registry: Registry, path: Path, **more: Any) -> Replay:
    source = CsvSource(path)
    mapping = more.pop("mapping", None) or guess(source)
    return Replay(source, mapping, registry, host="127.0.0.1", port=toy.port, **more)


async def run(toy: ToyService, path: Path, **more: Any) -> Summary:
    async with toy.api() as api:
        registry = more.pop("registry", None) or Registry(api, path.parent / "tokens")
        return await replay_of(toy, registry, path, **more).run()


async def test_every_row_is_stored_under_its_line(tmp_path: Path) -> None:
    async with toy_service() as toy:
        summary = await run(toy, file_of(tmp_path, ROWS))
        rows = sorted((row for rows in toy.stored.values() for row in rows.values()), key=_number)
    assert summary.complete
    assert (summary.rows, summary.sent, summary.acked, summary.devices) == (300, 300, 300, 3)
    assert [(row["s"], row["t"], row["v"]) for row in rows] == [
        (n + 2, 1000 + n, {"n": n}) for n in range(300)
    ]


async def test_replaying_again_sends_nothing(tmp_path: Path) -> None:
    async with toy_service() as toy:
        path = file_of(tmp_path, ROWS)
        await run(toy, path)
        received = toy.received
        summary = await run(toy, path)
        assert toy.received == received
    assert (summary.rows, summary.sent, summary.already) == (300, 0, 300)


async def test_a_file_that_grew_sends_what_is_new(tmp_path: Path) -> None:
    async with toy_service() as toy:
        await run(toy, file_of(tmp_path, ROWS))
        summary = await run(toy, file_of(tmp_path, ROWS + "p-0,5000,7\n"))
    assert (summary.sent, summary.already) == (1, 300)


async def test_bad_rows_are_reported_by_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = "device,t,n\np,1000,1\np,soon,2\np,1001\np,1002,many\n,1003,4\np,1004,5\n"
    async with toy_service() as toy:
        summary = await run(toy, file_of(tmp_path, text))
    assert summary.acked == 2
    assert summary.bad == [
        (3, "soon is not a time like ms"),
        (4, "it has 2 cells, the header 3"),
        (5, "n: many is not a number"),
        (6, "device is empty"),
    ]


async def test_rejected_rows_are_reported_by_line(tmp_path: Path) -> None:
    async with toy_service() as toy:
        text = "device,t,n\np,1000,1\np,9999999999999,2\np,1001,3\n"
        summary = await run(toy, file_of(tmp_path, text))
    assert summary.rejected == [(3, "future", "ahead")]
    assert summary.acked == 3


async def test_rows_may_be_events(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        fields={"n": "n:text"}, time=("t",), format="ms", device="d", event="counted"
    )
    async with toy_service() as toy:
        await run(toy, file_of(tmp_path, "t,n\n5,1\n"), mapping=mapping)
        [row] = toy.stored["d"].values()
    assert (row["e"], row["d"]) == ("counted", {"n": "1"})


async def test_a_missing_column_ends_it_before_anything_is_sent(tmp_path: Path) -> None:
    mapping = ColumnMapping(fields={"n": "N"}, time=("t",), device="d")
    async with toy_service() as toy:
        with pytest.raises(FileUnusable, match="no column N"):
            await run(toy, file_of(tmp_path, ROWS), mapping=mapping)
        assert toy.tokens == {}


async def test_speed_keeps_the_pace_of_the_file(tmp_path: Path) -> None:
    async with toy_service() as toy:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await run(toy, file_of(tmp_path, "t,n\n0,1\n10000,2\n20000,3\n"), speed=100)
        assert loop.time() - began >= 0.2


async def test_it_can_be_stopped_and_drains_what_it_sent(tmp_path: Path) -> None:
    async with toy_service() as toy, toy.api() as api:
        path = file_of(tmp_path, "t,n\n0,1\n1,2\n100000000,3\n")
        replay = replay_of(toy, Registry(api), path, speed=1)
        running = asyncio.create_task(replay.run())
        await until(lambda: replay.summary.sent == 2)
        replay.stop.set()
        summary = await running
    assert summary.stopped
    assert summary.acked == summary.sent


async def test_a_server_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "CONNECT_S", 0.1)
    async with toy_service() as toy:
        toy.port = free_port()
        with pytest.raises(ServiceUnreachable, match=f"port {toy.port}"):
            await run(toy, file_of(tmp_path, ROWS))


async def test_a_refused_device_is_named(tmp_path: Path) -> None:
    async with toy_service() as toy, toy.api() as api:
        registry = Registry(api)
        await registry.ensure(["p-0"])
        toy.tokens["p-0"] = "dt_changed"
        with pytest.raises(DeviceRefused, match=r"p-0.*unauthorized"):
            await run(toy, file_of(tmp_path, ROWS), registry=registry)


def _number(row: dict[str, Any]) -> int:
    number: int = row["s"]
    return number
