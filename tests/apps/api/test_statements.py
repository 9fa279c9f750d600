"""What the API sends to the database is short enough for RDS Proxy not to pin a session."""

from typing import Any

import aiomysql
import httpx
import pytest

LONGEST = 15_000


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fills with the length of every statement that goes to MariaDB."""
    found: list[int] = []
    query = aiomysql.Connection.query

    async def noting(self: Any, sql: str | bytes | bytearray, *args: Any, **more: Any) -> Any:
        found.append(len(sql if isinstance(sql, bytes | bytearray) else sql.encode()))
        return await query(self, sql, *args, **more)

    monkeypatch.setattr(aiomysql.Connection, "query", noting)
    return found


async def test_an_import_of_many_is_sent_in_short_statements(
    api: httpx.AsyncClient, lengths: list[int]
) -> None:
    body = [
        {"uid": f"{n:03}" + "'\\" * 60, "name": "ü" * 200, "tags": [f"{n}é" * 10, "b"]}
        for n in range(300)
    ]
    answer = await api.post("/v1/devices/import", json=body)
    assert answer.json()["created"] == 300
    assert max(lengths, default=0) < LONGEST


async def test_a_batch_of_many_is_sent_in_short_statements(
    api: httpx.AsyncClient, lengths: list[int]
) -> None:
    uids = [f"{n:03}" + "'" * 100 for n in range(300)]
    made = await api.post("/v1/devices/import", json=[{"uid": uid} for uid in uids])
    assert made.json()["created"] == len(uids)
    body = [{"device": uid, "t": n, "v": {"temp": n}} for n in range(3) for uid in uids]
    answer = await api.post("/v1/readings", json=body)
    assert answer.json()["stored"] == len(body)
    page = await api.get("/v1/devices", params={"limit": 1000})
    assert len(page.json()["items"]) == len(uids)
    assert max(lengths, default=0) < LONGEST


async def test_the_largest_profile_is_written_and_changed_in_short_statements(
    api: httpx.AsyncClient, lengths: list[int]
) -> None:
    metrics = {f"m{n}": {"type": "number", "unit": "°C", "min": -n, "max": n} for n in range(85)}
    made = await api.post("/v1/profiles", json={"name": "largest", "metrics": metrics})
    assert made.status_code == 201
    changed = {f"x{name}": metric for name, metric in metrics.items()}
    answer = await api.patch(f"/v1/profiles/{made.json()['id']}", json={"metrics": changed})
    assert answer.status_code == 200
    assert max(lengths, default=0) < LONGEST
