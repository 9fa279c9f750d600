"""Every route of billing."""

from shared.ids import new_id
from tests.isolation.entries.common import common, sign_in
from tests.isolation.entry import Entries

entries = Entries("billing")
common(entries)
sign_in(entries)

START, END = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"

entries.post(
    "/v1/meters",
    "usage:write",
    expect=201,
    limited=403,
    json=lambda _: {"code": f"m.{new_id('m').lower()}", "kind": "event_count", "event": "done"},
)
entries.get("/v1/meters", "usage:read")
entries.get("/v1/meters/{meter_id}", "usage:read")
entries.delete("/v1/meters/{meter_id}", "usage:write", limited=403)
entries.get(
    "/v1/usage",
    "usage:read",
    query=lambda of: {"meter": of.meter, "start": START, "end": END, "group": "device"},
)
