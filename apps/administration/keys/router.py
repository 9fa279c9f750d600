"""`/v1/keys`."""

from typing import Annotated

from fastapi import APIRouter, Depends, status

from apps.administration.dependencies import KeysChange, KeysReader
from apps.administration.keys import service
from apps.administration.keys.schemas import KeyCreated, KeyIn, KeyOut
from shared.web import idempotency
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["keys"])

Id = Annotated[str, public_id("a key", "key")]
NOT_FOUND = {404: "There is no such key in this organisation."}


@router.get("/keys", summary="List API keys")
async def list_keys(
    session: ReadSession,
    principal: KeysReader,
    cursors: CursorsOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[KeyOut]:
    """All keys, newest first, revoked and expired ones too. Secrets are not kept."""
    return await service.page(session, principal.org_id, cursors, limit, cursor)


@router.post(
    "/keys",
    summary="Create an API key",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(fresh())],
    responses=failures(
        {
            403: "A scope that the calling key does not have, or a life longer than its own; or a"
            " person showed no factor lately: the code is `fresh_sign_in_needed`.",
            404: "There is no such service account.",
            409: "There are too many keys, or the service account is disabled.",
        }
    ),
)
async def create_key(wanted: KeyIn, session: WriteSession, change: KeysChange) -> KeyCreated:
    """The answer holds the key, once. It has scopes of the calling key only, and lives no
    longer than that. A person gives what their role permits, and shows a factor before.
    """
    created = await service.create(session, change, wanted)
    idempotency.keep(change.request, created.model_copy(update={"key": None}))
    return created


@router.get("/keys/{key_id}", summary="Get an API key", responses=failures(NOT_FOUND))
async def get_key(key_id: Id, session: ReadSession, principal: KeysReader) -> KeyOut:
    """Everything about a key but its secret."""
    return await service.get(session, principal.org_id, key_id)


@router.delete(
    "/keys/{key_id}",
    summary="Revoke an API key",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(fresh())],
    responses=failures(NOT_FOUND | NOT_FRESH | {409: "No other key could manage keys."}),
)
async def revoke_key(key_id: Id, session: WriteSession, change: KeysChange) -> None:
    """Requests with it are refused from now on; live streams end within half a minute.

    No key revokes the last one in force with `keys:write`: then no program could make another.
    """
    await service.revoke(session, change, key_id)
