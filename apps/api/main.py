"""The API's process: wiring only."""

from fastapi import FastAPI

from apps.api.devices.router import router as devices
from apps.api.profiles.router import router as profiles
from apps.api.settings import ApiSettings
from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.services import Services, provide

DESCRIPTION = """Devices, what they measure, and what they sent.

Sign in with an API key: `Authorization: Bearer fk_…`. Lists come in pages: follow `next` until it
is null. Times are taken as RFC 3339 with a zone or as epoch milliseconds; readings and events
carry epoch milliseconds. A request with an `Idempotency-Key` may be sent again: it takes effect
once."""


def create_app(settings: Settings | None = None, services: Services | None = None) -> FastAPI:
    """The API. Without `services` it makes its own from `settings`, and closes them."""
    return create_web_app(
        name="api",
        title="Fortress API",
        description=DESCRIPTION,
        services=provide(ApiSettings, settings, services),
        routers=[profiles, devices],
        bulk=("/v1/devices/import", "/v1/readings"),
    )
