"""What the routes of administration ask for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.auth.audit import Origin
from shared.auth.keys import Principal
from shared.bus import Bus
from shared.web.dependencies import after_commit, allow, origin, services

OrganisationReader = Annotated[Principal, Depends(allow("organisation:read"))]
OrganisationWriter = Annotated[Principal, Depends(allow("organisation:write"))]
KeysReader = Annotated[Principal, Depends(allow("keys:read"))]
KeysWriter = Annotated[Principal, Depends(allow("keys:write"))]
AuditReader = Annotated[Principal, Depends(allow("audit:read"))]


@dataclass(frozen=True, slots=True)
class Change:
    """When a change is made and where it comes from."""

    request: Request
    now: datetime

    def origin(self, principal: Principal) -> Origin:
        return origin(self.request, principal)

    def publish(self, channel: str, data: bytes) -> None:
        """Publish once the change is committed."""
        bus: Bus = services(self.request).bus
        after_commit(self.request, lambda: bus.publish(channel, data))


def _change(request: Request) -> Change:
    return Change(request, services(request).clock.now())


ChangeOf = Annotated[Change, Depends(_change)]
