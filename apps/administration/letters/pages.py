"""`/letters`: what would have been mailed. Anybody who reaches this app can read it, and letters
have links that sign in: that is why it is there in development only, and only for mail in a folder.
"""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response

from apps.administration.letters import service
from shared.web.access import public
from shared.web.pages.render import pages, show

TEMPLATES = Path(__file__).parents[1] / "templates"


def make_router(folder: Path) -> APIRouter:
    """The pages of the letters in `folder`."""
    router = APIRouter(
        include_in_schema=False,
        dependencies=[Depends(public("in development alone, for whoever has no mail yet"))],
    )
    templates = pages(TEMPLATES)

    @router.get("/letters")
    async def every(request: Request) -> Response:
        found = await asyncio.to_thread(service.newest, folder)
        return show(request, templates, "letters.html", title="Mail", letters=found)

    @router.get("/letters/{name}")
    async def one(request: Request, name: str) -> Response:
        found = await asyncio.to_thread(service.get, folder, name)
        return show(request, templates, "letter.html", title=found.subject, letter=found)

    return router
