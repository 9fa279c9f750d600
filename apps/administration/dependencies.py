"""What the routes of administration ask for."""

from typing import Annotated

from fastapi import Depends

from shared.auth.keys import Principal
from shared.web.changes import Change, change
from shared.web.dependencies import allow

OrganisationReader = Annotated[Principal, Depends(allow("organisation:read"))]
OrganisationChange = Annotated[Change, Depends(change("organisation:write"))]
KeysReader = Annotated[Principal, Depends(allow("keys:read"))]
KeysWriter = Annotated[Principal, Depends(allow("keys:write"))]
KeysChange = Annotated[Change, Depends(change("keys:write"))]
SupportReader = Annotated[Principal, Depends(allow("support:write"))]
SupportChange = Annotated[Change, Depends(change("support:write"))]
AuditReader = Annotated[Principal, Depends(allow("audit:read"))]
PeopleReader = Annotated[Principal, Depends(allow("people:read"))]
PeopleWriter = Annotated[Principal, Depends(allow("people:write"))]
PeopleChange = Annotated[Change, Depends(change("people:write"))]
RolesWriter = Annotated[Principal, Depends(allow("roles:write"))]
RolesChange = Annotated[Change, Depends(change("roles:write"))]
SignInWriter = Annotated[Principal, Depends(allow("sign_in:write"))]
SignInChange = Annotated[Change, Depends(change("sign_in:write"))]
