"""What the routes of loyalty ask for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.auth.audit import Origin
from shared.auth.keys import Principal
from shared.jobs import wake
from shared.web.dependencies import after_commit, allow, origin, services

MembersReader = Annotated[Principal, Depends(allow("members:read"))]
MembersWriter = Annotated[Principal, Depends(allow("members:write"))]


@dataclass(frozen=True, slots=True)
class Change:
    """When a change is made and where it comes from."""

    request: Request
    origin: Origin
    now: datetime

    def wake(self, queue: str) -> None:
        """Tell the workers of `queue` once the change is committed."""
        bus = services(self.request).bus
        after_commit(self.request, lambda: wake(bus, queue))


def _change(request: Request, principal: MembersWriter) -> Change:
    return Change(request, origin(request, principal), services(request).clock.now())


ChangeOf = Annotated[Change, Depends(_change)]
