"""Every route of loyalty."""

from shared.ids import new_id
from tests.isolation.entries.common import common, sign_in
from tests.isolation.entry import Entries

entries = Entries("loyalty")
common(entries)
sign_in(entries)

entries.post(
    "/v1/programmes",
    "members:write",
    expect=201,
    limited=403,
    json=lambda _: {"name": new_id("programme")},
)
entries.get("/v1/programmes", "members:read")
entries.get("/v1/programmes/{programme_id}", "members:read")

entries.post(
    "/v1/members",
    "members:write",
    expect=201,
    json=lambda of: {"programme": of.programme, "tags": [new_id("TAG")]},
)
entries.post(
    "/v1/members/batch",
    "members:write",
    expect=201,
    json=lambda of: {"programme": of.programme, "members": [{"tags": [new_id("TAG")]}]},
)
entries.get("/v1/members", "members:read", query=lambda of: {"programme": of.programme})
entries.get("/v1/members/{member_id}", "members:read")
entries.post("/v1/members/{member_id}/tags", "members:write", json=lambda _: {"tag": new_id("TAG")})
entries.delete("/v1/members/{member_id}/tags/{tag:path}", "members:write")

entries.post(
    "/v1/rules",
    "members:write",
    expect=201,
    limited=403,
    json=lambda of: {
        "programme": of.programme,
        "event": "session.completed",
        "field": "kwh",
        "points_per_unit": "1",
    },
)
entries.get("/v1/rules", "members:read")
entries.get("/v1/rules/{rule_id}", "members:read")
entries.delete("/v1/rules/{rule_id}", "members:write", limited=403)

entries.get("/v1/members/{member_id}/balance", "members:read")
entries.get("/v1/members/{member_id}/entries", "members:read")
entries.post(
    "/v1/members/{member_id}/adjustments",
    "members:write",
    expect=201,
    limited=403,
    json=lambda _: {"points": 5, "reason": "a gift"},
)
