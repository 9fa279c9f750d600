"""Every route of the API."""

from shared.ids import new_id
from tests.isolation.entries.common import common, sign_in
from tests.isolation.entry import Entries, Made

entries = Entries("api")
common(entries)
sign_in(entries)

START, END = "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"
MESSAGE = {"boot": 7, "s": 1, "t": 1763740801000, "v": {"temp": 21.5}}

# Profiles are of all devices: who is limited to some changes none.
entries.post(
    "/v1/profiles",
    "devices:write",
    expect=201,
    json=lambda _: {"name": new_id("profile")},
    limited=403,
)
entries.get("/v1/profiles", "devices:read")
entries.get("/v1/profiles/{profile_id}", "devices:read")
entries.patch(
    "/v1/profiles/{profile_id}",
    "devices:write",
    json=lambda _: {"strict": True},
    limited=403,
)
entries.delete(
    "/v1/profiles/{profile_id}",
    "devices:write",
    where={"profile_id": lambda of: of.unused_profile},
    limited=403,
)

# Bad rows are reported, and the others taken: a profile that is not there spoils a row.
entries.post(
    "/v1/devices/import",
    "devices:write",
    json=lambda of: [{"uid": "one more", "profile": of.profile}],
    foreign={"profile": 200},
)
entries.post(
    "/v1/devices",
    "devices:write",
    expect=201,
    json=lambda of: {"uid": new_id("uid"), "profile": of.profile},
    foreign={"profile": 422},
)
# A filter that fits nothing gives nothing.
entries.get(
    "/v1/devices",
    "devices:read",
    query=lambda of: {"profile": of.profile},
    foreign={"profile": 200},
)
entries.get("/v1/devices/{device_id}", "devices:read")
entries.patch(
    "/v1/devices/{device_id}",
    "devices:write",
    json=lambda of: {"name": "another", "profile": of.profile},
    foreign={"profile": 422},
)
entries.delete("/v1/devices/{device_id}", "devices:write")
for action in ("token", "disable", "enable"):
    entries.post(f"/v1/devices/{{device_id}}/{action}", "devices:write")

entries.get("/v1/devices/{device_id}/readings", "readings:read")
entries.get("/v1/devices/{device_id}/latest", "devices:read")
entries.get(
    "/v1/devices/{device_id}/series",
    "readings:read",
    query=lambda _: {"metric": "temp", "start": START, "end": END},
)
entries.get("/v1/events", "readings:read")
entries.get("/v1/devices/{device_id}/events", "readings:read")
entries.post(
    "/v1/devices/{device_id}/readings", "readings:write", expect=201, json=lambda _: MESSAGE
)
# What is not known is counted as rejected, and the others taken.
entries.post(
    "/v1/readings",
    "readings:write",
    json=lambda of: [{"device": of.uid, **MESSAGE}],
    foreign={"uid": 200},
)

entries.get("/v1/dead-letters", "readings:read", query=lambda of: {"device": of.device})
entries.get("/v1/dead-letters/{letter_id}", "readings:read")
entries.post("/v1/dead-letters/{letter_id}/replay", "readings:write")
# Ids that do not exist are left out.
entries.post(
    "/v1/dead-letters/replay",
    "readings:write",
    json=lambda of: {"ids": [of.letter]},
    foreign={"letter": 200},
)

entries.post(
    "/v1/device-groups",
    "devices:write",
    expect=201,
    json=lambda _: {"name": new_id("group")},
    limited=403,
)
entries.get("/v1/device-groups", "devices:read")
entries.get("/v1/device-groups/{group_id}", "devices:read")
entries.patch(
    "/v1/device-groups/{group_id}",
    "devices:write",
    json=lambda _: {"name": new_id("group")},
    limited=403,
)
# One to which a member is limited stays, and what is in one is in it once.
UNUSED: dict[str, Made] = {"group_id": lambda of: of.unused_group}
entries.delete("/v1/device-groups/{group_id}", "devices:write", where=UNUSED, limited=403)
IN_GROUP = "/v1/device-groups/{group_id}/devices/{device_id}"
entries.put(IN_GROUP, "devices:write", expect=204, where=UNUSED, limited=403)
entries.delete(IN_GROUP, "devices:write", limited=403)
