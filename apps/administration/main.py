"""Administration's process: wiring only."""

import asyncio
import sys

from fastapi import APIRouter, FastAPI

from apps.administration.audit.worker import make_keeper, sealing
from apps.administration.entry.account import router as account
from apps.administration.entry.confirming import router as confirming
from apps.administration.entry.guard import Guard
from apps.administration.entry.pages import router as entry
from apps.administration.factors.pages import router as factor_pages
from apps.administration.factors.router import router as factors
from apps.administration.keys.router import router as keys
from apps.administration.letters.pages import make_router
from apps.administration.mail_entry.asking import Asking
from apps.administration.navigation import NAVIGATION
from apps.administration.organisations.router import router as organisations
from apps.administration.renewing import Renewal, kept, renewing
from apps.administration.routers import OVERSIGHT, PEOPLE, SIGN_ON
from apps.administration.settings import AdministrationSettings
from apps.administration.sign_on.names import Names
from apps.administration.sign_on.rechecking import rechecker
from apps.administration.sso.state import SingleSignOn
from apps.administration.tidy import tidier
from shared.jobs import Worker
from shared.mail.connect import connect_mailer
from shared.mail.queue import QUEUE, Post
from shared.settings import Environment
from shared.web.app import Background, create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide
from shared.web.streaming import Slots


def create_app(
    settings: AdministrationSettings | None = None, services: Services | None = None
) -> FastAPI:
    """The app. It makes and closes services of its own unless it is given some."""
    here = provide(AdministrationSettings, settings, services)
    own = here.settings_as(AdministrationSettings)
    post, guard = Post(own), Guard(own)
    asking = Asking(own, post, here.clock)
    keeper = make_keeper(here, own)
    sso, names = SingleSignOn(own), Names(own.dns_server)
    app = create_web_app(
        name="administration",
        title="Fortress administration",
        description="Organisations, API keys, and the audit of every change.",
        services=here,
        routers=[
            entry,
            confirming,
            account,
            organisations,
            keys,
            *OVERSIGHT,
            *PEOPLE,
            factors,
            factor_pages,
            *SIGN_ON,
            *_letters(own),
        ],
        background=[
            _postman(here, asking, own),
            tidier(here, own.kept),
            guard.run,
            sealing(here, keeper),
            renewing(Renewal(here.database, own, kept(guard.seal, sso), keeper.sealer, asking)),
            sso.run,
            rechecker(here, names),
        ],
        places=NAVIGATION,
    )
    _know(app, guard=guard, post=post, asking=asking, audit_keeper=keeper, sso=sso, names=names)
    # One at a time for an organisation: an export is asked for seldom, and is as long as a year.
    app.state.audit_exports = Slots("exports of the audit", total=4, each=1)
    app.state.personal_exports = Slots("exports of personal data", total=4, each=1)
    return app


def _know(app: FastAPI, **things: object) -> None:
    """Keep what routes ask the app for."""
    for name, thing in things.items():
        setattr(app.state, name, thing)


def _postman(here: Services, asking: Asking, settings: AdministrationSettings) -> Background:
    mailer = connect_mailer(settings)

    async def run(stop: asyncio.Event) -> None:
        handler = asking.worker(mailer)
        await Worker(here.database, here.bus, QUEUE, handler, clock=here.clock).run(stop)
        await mailer.close()

    return run


def _letters(settings: AdministrationSettings) -> list[APIRouter]:
    """A laptop's mail, to be read here."""
    if settings.environment is not Environment.development or settings.mail_folder is None:
        return []
    return [make_router(settings.mail_folder)]


if __name__ == "__main__":
    sys.exit(serve(create_app, AdministrationSettings))
