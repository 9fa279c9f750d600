"""What the routes of loyalty ask for."""

from typing import Annotated

from fastapi import Depends

from shared.auth.keys import Principal
from shared.web.changes import Change, change
from shared.web.dependencies import allow

MembersReader = Annotated[Principal, Depends(allow("members:read"))]
MembersChange = Annotated[Change, Depends(change("members:write"))]
