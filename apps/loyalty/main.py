"""Loyalty's process: wiring only."""

import sys

from fastapi import FastAPI

from apps.loyalty.awarding.service import BACKFILL, CLAIMS, EVENTS, Awarding
from apps.loyalty.earning.router import router as rules
from apps.loyalty.ledger.router import router as ledger
from apps.loyalty.members.router import router as members
from apps.loyalty.programmes.router import router as programmes
from apps.loyalty.settings import LoyaltySettings
from shared.jobs import Worker
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide

DESCRIPTION = """Members earn points from what devices saw, each event once.

Sign in with an API key: `Authorization: Bearer fk_…`. Points are whole numbers; every movement is
an entry that is never changed. Lists come in pages: follow `next` until it is null. A request
with an `Idempotency-Key` may be sent again: it takes effect once."""


def create_app(
    settings: LoyaltySettings | None = None, services: Services | None = None
) -> FastAPI:
    """Loyalty and its workers. Without `services` it makes its own, and closes them."""
    here = provide(LoyaltySettings, settings, services)
    awarding = Awarding(here.clock)
    handlers = {
        EVENTS: awarding.award,
        BACKFILL: awarding.backfill,
        CLAIMS: awarding.claim,
    }
    return create_web_app(
        name="loyalty",
        title="Fortress loyalty",
        description=DESCRIPTION,
        services=here,
        routers=[programmes, members, rules, ledger],
        background=[
            Worker(here.database, here.bus, queue, handler, clock=here.clock).run
            for queue, handler in handlers.items()
        ],
        bulk=("/v1/members/batch",),
    )


def main() -> int:
    return serve(create_app, LoyaltySettings)


if __name__ == "__main__":
    sys.exit(main())
