"""Administration's process: wiring only."""

import sys

from fastapi import FastAPI

from apps.administration.audit.router import router as audit
from apps.administration.keys.router import router as keys
from apps.administration.organisations.router import router as organisations
from apps.administration.settings import AdministrationSettings
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide


def create_app(
    settings: AdministrationSettings | None = None, services: Services | None = None
) -> FastAPI:
    """The app. It makes and closes services of its own unless it is given some."""
    return create_web_app(
        name="administration",
        title="Fortress administration",
        description="Organisations, API keys, and the audit of every change.",
        services=provide(AdministrationSettings, settings, services),
        routers=[organisations, keys, audit],
    )


if __name__ == "__main__":
    sys.exit(serve(create_app, AdministrationSettings))
