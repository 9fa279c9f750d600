"""What the routes of the API ask for, and how they document their failures."""

from typing import Annotated

from fastapi import Depends

from shared.auth.keys import Principal
from shared.web.changes import Change, change
from shared.web.dependencies import allow
from shared.web.openapi import failures
from shared.web.paths import public_id

DevicesReader = Annotated[Principal, Depends(allow("devices:read"))]
DevicesChange = Annotated[Change, Depends(change("devices:write"))]
ReadingsReader = Annotated[Principal, Depends(allow("readings:read"))]
ReadingsWriter = Annotated[Principal, Depends(allow("readings:write"))]
ReadingsChange = Annotated[Change, Depends(change("readings:write"))]

DeviceKey = Annotated[str, public_id("a device", "dev")]


NO_DEVICE = failures({404: "There is no such device in this organisation."})
