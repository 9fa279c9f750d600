"""The API's process: wiring only."""

import sys

from fastapi import FastAPI

from apps.api.dead_letters.router import router as dead_letters
from apps.api.devices.router import router as devices
from apps.api.events.router import router as events
from apps.api.groups.router import router as groups
from apps.api.imports.router import router as imports
from apps.api.ingestion.router import router as ingestion
from apps.api.profiles.router import router as profiles
from apps.api.readings.router import router as readings
from apps.api.series.router import router as series
from apps.api.settings import ApiSettings
from shared.ids import new_id
from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide

DESCRIPTION = """Devices, what they measure, and what they sent.

Sign in with an API key: `Authorization: Bearer fk_…`. Lists come in pages: follow `next` until it
is null. Times are taken as RFC 3339 with a zone or as epoch milliseconds; readings and events
carry epoch milliseconds. A request with an `Idempotency-Key` may be sent again: it takes effect
once."""


def create_app(settings: Settings | None = None, services: Services | None = None) -> FastAPI:
    """The app. It makes and closes services of its own unless it is given some."""
    made = provide(ApiSettings, settings, services)
    app = create_web_app(
        name="api",
        title="Fortress API",
        description=DESCRIPTION,
        services=made,
        routers=[
            profiles,
            imports,
            devices,
            groups,
            readings,
            series,
            events,
            ingestion,
            dead_letters,
        ],
        bulk=("/v1/devices/import", "/v1/readings"),
    )
    # Rows that count usage have the writing process in their key, so that none waits for another.
    app.state.task = made.settings.task or new_id("api")
    return app


if __name__ == "__main__":
    sys.exit(serve(create_app, ApiSettings))
