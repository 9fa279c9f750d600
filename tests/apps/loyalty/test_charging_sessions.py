"""The real charging sessions: each member's points equal the rule applied to the file."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from tests.apps.loyalty.conftest import Loyalty
from tests.support import sessions
from tests.support.builders import make_device
from tests.support.databases import on_mariadb


def by_hand(rows: list[sessions.Row]) -> dict[str, int]:
    points = defaultdict[str, int](int)
    for row in rows:
        each = Decimal(row["kwhTotal"]) * Decimal("1.5")
        points[row["userId"]] += int(each.quantize(Decimal(1), ROUND_HALF_UP))
    return points


@on_mariadb
async def test_every_member_has_the_points_of_the_file(loyalty: Loyalty, shared_data: Path) -> None:
    rows = sessions.read(shared_data)
    expected = by_hand(rows)
    stations = {
        station: await make_device(loyalty.services.database, loyalty.tenant, station)
        for station in sorted({row["stationId"] for row in rows})
    }
    events = [sessions.sent(seq, row, stations[row["stationId"]]) for seq, row in enumerate(rows)]
    users = sorted(expected)
    early, late = users[::2], users[1::2]

    async def enrol(some: list[str]) -> dict[str, str]:
        body = {"programme": loyalty.programme, "members": [{"tags": [user]} for user in some]}
        made = await loyalty.post("/v1/members/batch", body)
        return {member["tags"][0]: member["id"] for member in made["items"]}

    members = await enrol(early)
    await loyalty.commit(*events[:1200])
    await loyalty.rule(points_per_unit="1.5", rounding="half_up")
    await loyalty.commit(*events[1200:], jobs=2)
    await loyalty.work()
    members |= await enrol(late)
    await loyalty.work()
    assert {user: await loyalty.points(members[user]) for user in users} == expected
