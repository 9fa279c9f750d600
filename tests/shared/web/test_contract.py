"""The contract check itself, on a small app."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import Field

from shared.auth.keys import Principal
from shared.web.app import create_web_app
from shared.web.dependencies import allow
from shared.web.schemas import Limit, Model, Page
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute
from tests.support.builders import make_tenant
from tests.support.contract import check_contract

Reader = Annotated[Principal, Depends(allow("devices:read"))]
Writer = Annotated[Principal, Depends(allow("devices:write"))]


class Note(Model):
    text: str = Field(max_length=100)
    weight: float = Field(ge=0, le=10)


router = APIRouter(route_class=TransactionalRoute, prefix="/v1")


@router.post("/notes", status_code=201)
async def create_note(note: Note, _who: Writer) -> Note:
    return note


@router.get("/notes")
async def list_notes(
    _who: Reader, word: str | None = None, limit: Annotated[Limit, Query()] = 50
) -> Page[Note]:
    return Page(items=[Note(text=(word or "")[:100], weight=limit % 10)], next=None)


breaking = APIRouter()


@breaking.get("/v1/breaks")
async def breaks(number: int) -> Note:
    return Note(text="", weight=1 // (number // 1000 * 0))


def app_of(services: Services, *routers: APIRouter) -> FastAPI:
    return create_web_app(
        name="notes", title="Notes", description="…", services=services, routers=routers
    )


async def test_an_app_that_keeps_its_word_passes(services: Services) -> None:
    tenant = await make_tenant(services.database)
    await check_contract(app_of(services, router), tenant.headers)


async def test_an_app_that_breaks_fails(services: Services) -> None:
    tenant = await make_tenant(services.database)
    app = app_of(services, breaking)
    with pytest.raises(BaseExceptionGroup, match="Schemathesis found"):
        await check_contract(app, tenant.headers)
