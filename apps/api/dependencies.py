"""What the routes of the API ask for, and how they document their failures."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from shared.auth.audit import Origin
from shared.auth.keys import Principal
from shared.clock import Clock
from shared.web.dependencies import after_commit, allow, origin, services
from shared.web.openapi import failures

DevicesReader = Annotated[Principal, Depends(allow("devices:read"))]
DevicesWriter = Annotated[Principal, Depends(allow("devices:write"))]
ReadingsReader = Annotated[Principal, Depends(allow("readings:read"))]
ReadingsWriter = Annotated[Principal, Depends(allow("readings:write"))]

DeviceKey = Annotated[
    str,
    Path(
        max_length=64,
        description="public id of a device",
        examples=["dev_01JD3V3Q8X0000000000000000"],
    ),
]


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes what is changed, when, and how others hear of it once it is committed."""

    request: Request
    origin: Origin
    org_public_id: str
    clock: Clock

    def tell(self, device_public_ids: Iterable[str] = (), *, everything: bool = False) -> None:
        """After the commit, tell ingest which devices' cached facts no longer hold."""
        message = {"devices": list(device_public_ids), "all": everything}
        bus = services(self.request).bus
        channel = f"device:{self.org_public_id}"
        data = json.dumps(message, separators=(",", ":")).encode()
        after_commit(self.request, lambda: bus.publish(channel, data))


def _change(request: Request, principal: Principal) -> Change:
    clock = services(request).clock
    return Change(request, origin(request, principal), principal.org_public_id, clock)


def _devices_change(request: Request, principal: DevicesWriter) -> Change:
    return _change(request, principal)


def _readings_change(request: Request, principal: ReadingsWriter) -> Change:
    return _change(request, principal)


ChangeOf = Annotated[Change, Depends(_devices_change)]
ReadingsChangeOf = Annotated[Change, Depends(_readings_change)]


NO_DEVICE = failures({404: "There is no such device in this organisation."})
