"""Billing's process: wiring only."""

import sys

from fastapi import FastAPI

from apps.billing.metering.service import BACKFILL, EVENTS, Metering
from apps.billing.meters.router import router as meters
from apps.billing.settings import BillingSettings
from apps.billing.usage.router import router as usage
from shared.jobs import Worker
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide

DESCRIPTION = """Meters over what devices did, and the usage that they measure.

Sign in with an API key: `Authorization: Bearer fk_…`. Quantities are decimal text, exact. Lists
come in pages: follow `next` until it is null. A request with an `Idempotency-Key` may be sent
again: it takes effect once."""


def create_app(
    settings: BillingSettings | None = None, services: Services | None = None
) -> FastAPI:
    """Billing and its workers. Without `services` it makes its own, and closes them."""
    here = provide(BillingSettings, settings, services)
    metering = Metering(here.clock)
    handlers = {EVENTS: metering.count, BACKFILL: metering.backfill}
    return create_web_app(
        name="billing",
        title="Fortress billing",
        description=DESCRIPTION,
        services=here,
        routers=[meters, usage],
        background=[
            Worker(here.database, here.bus, queue, handler, clock=here.clock).run
            for queue, handler in handlers.items()
        ],
    )


def main() -> int:
    return serve(create_app, BillingSettings)


if __name__ == "__main__":
    sys.exit(main())
