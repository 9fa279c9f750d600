"""`/v1/service-accounts`."""

from typing import Annotated

from fastapi import APIRouter, Depends, status

from apps.administration.dependencies import KeysChange, KeysReader
from apps.administration.service_accounts import service
from apps.administration.service_accounts.schemas import (
    ServiceAccountIn,
    ServiceAccountOut,
    ServiceAccountPatch,
)
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.openapi import failures
from shared.web.paths import public_id
from shared.web.schemas import Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(
    route_class=TransactionalRoute, prefix="/v1/service-accounts", tags=["service accounts"]
)

Id = Annotated[str, public_id("a service account", "svc")]
NOT_FOUND = {404: "There is no such service account in this organisation."}


@router.get("", summary="List service accounts")
async def list_accounts(
    session: ReadSession,
    principal: KeysReader,
    cursors: CursorsOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ServiceAccountOut]:
    """All of them with their keys, newest first, disabled ones too."""
    return await service.page(session, principal.org_id, cursors, limit, cursor)


@router.post(
    "",
    summary="Create a service account",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(fresh())],
    responses=failures(
        {
            403: "A person showed no factor lately: the code is `fresh_sign_in_needed`.",
            409: "The name is taken, or there are too many.",
        }
    ),
)
async def create_account(
    wanted: ServiceAccountIn, session: WriteSession, change: KeysChange
) -> ServiceAccountOut:
    """It has no key yet: `POST /v1/keys` with its id as `service_account` makes one."""
    return await service.create(session, change, wanted.name)


@router.get("/{account_id}", summary="Get a service account", responses=failures(NOT_FOUND))
async def get_account(
    account_id: Id, session: ReadSession, principal: KeysReader
) -> ServiceAccountOut:
    """Its name, its keys, and whether it is disabled."""
    return await service.get(session, principal.org_id, account_id)


@router.patch(
    "/{account_id}",
    summary="Rename, disable or enable a service account",
    dependencies=[Depends(fresh())],
    responses=failures(
        NOT_FOUND
        | {
            403: "Enabling: one of its keys may do more, or lives longer, than the calling one; or"
            " a person showed no factor lately: the code is `fresh_sign_in_needed`.",
            409: "The name is taken; or disabling: no other key could manage keys.",
        }
    ),
)
async def change_account(
    account_id: Id, patch: ServiceAccountPatch, session: WriteSession, change: KeysChange
) -> ServiceAccountOut:
    """While it is disabled, requests with any of its keys are refused; live streams end within
    half a minute. Enabled again, those keys work that are neither revoked nor expired.
    """
    return await service.patch(session, change, account_id, patch)
