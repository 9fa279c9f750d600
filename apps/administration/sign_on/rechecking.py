"""The job that looks every day whether the proof of a mail domain is still there."""

import asyncio
import logging
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.sign_on import service
from apps.administration.sign_on.names import Names, NotAnswered
from shared.jobs import Handler, Worker
from shared.web.app import Background
from shared.web.services import Services

log = logging.getLogger(__name__)


def make_handler(here: Services, names: Names) -> Handler:
    """What works such a job."""

    async def look(session: AsyncSession, payload: dict[str, Any]) -> None:
        org_id, public_id = int(payload["org"]), str(payload["domain"])
        # DNS is asked while no transaction is open.
        async with here.database.read() as reading:
            name = await service.due(reading, org_id, public_id)
        if name is None:
            return
        try:
            texts = await names.texts(name)
        except NotAnswered:
            # As if it were gone: it has a week to be seen again.
            log.warning("DNS says nothing about the mail domain %s", public_id)
            texts = []
        await service.look_again(session, org_id, public_id, texts, here.clock.now())

    return look


def rechecker(here: Services, names: Names) -> Background:
    """The worker, as a background task of administration."""

    async def run(stop: asyncio.Event) -> None:
        handler = make_handler(here, names)
        worker = Worker(here.database, here.bus, service.QUEUE, handler, clock=here.clock)
        await worker.run(stop)

    return run
