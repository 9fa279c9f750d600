"""What the routes of billing ask for."""

from typing import Annotated

from fastapi import Depends

from shared.auth.keys import Principal
from shared.web.changes import Change, change
from shared.web.dependencies import allow

UsageReader = Annotated[Principal, Depends(allow("usage:read"))]
UsageChange = Annotated[Change, Depends(change("usage:write"))]
