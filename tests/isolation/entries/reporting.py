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
entries.get("/v1/runs/{run_id}", "readings:read")
entries.get("/v1/runs/{run_id}/file", "readings:read")
entries.delete("/v1/runs/{run_id}", "readings:read")
