"""Every route of dashboarding."""

from tests.isolation.entries.common import common, sign_in
from tests.isolation.entry import Entries

entries = Entries("dashboarding")
common(entries)
sign_in(entries)

entries.get("/v1/live", "readings:read", query=lambda of: {"device": of.device}, stream=True)
