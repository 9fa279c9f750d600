"""What the routes of dashboarding ask for."""

from typing import Annotated

from fastapi import Depends, Request

from apps.dashboarding.live.service import Live
from shared.auth.keys import Principal
from shared.web.dependencies import allow

ReadingsReader = Annotated[Principal, Depends(allow("readings:read"))]


def _live(request: Request) -> Live:
    found: Live = request.app.state.live
    return found


LiveOf = Annotated[Live, Depends(_live)]
