"""Every route of reporting."""

from tests.isolation.entries.common import common, sign_in
from tests.isolation.entry import Entries

entries = Entries("reporting")
common(entries)
sign_in(entries)

for what in ("readings", "events"):
    entries.get(f"/v1/exports/{what}.csv", "readings:read", query=lambda of: {"device": of.device})

entries.post(
    "/v1/runs",
    "readings:read",
    expect=202,
    json=lambda of: {"kind": "events", "devices": [of.device]},
)
entries.get("/v1/runs", "readings:read")
# Of who sees all devices: to who is limited to some it is not there.
entries.get("/v1/runs/{run_id}", "readings:read", limited=404)
entries.get("/v1/runs/{run_id}/file", "readings:read", limited=404)
# Its file goes, which no transaction brings back: it is that of another run.
entries.delete(
    "/v1/runs/{run_id}",
    "readings:read",
    where={"run_id": lambda of: of.unused_run},
    limited=404,
)
