"""Dashboarding's process: wiring only."""

import sys

from fastapi import FastAPI

from apps.dashboarding.live.router import router as live
from apps.dashboarding.live.service import Live
from apps.dashboarding.settings import DashboardingSettings
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide


def create_app(
    settings: DashboardingSettings | None = None, services: Services | None = None
) -> FastAPI:
    """The app. It makes and closes services of its own unless it is given some."""
    services = provide(DashboardingSettings, settings, services)
    streams = Live(services, settings or services.settings_as(DashboardingSettings))
    app = create_web_app(
        name="dashboarding",
        title="Fortress dashboarding",
        description="What devices send, live.",
        services=services,
        routers=[live],
        background=[streams.watch_draining, streams.report],
    )
    app.state.live = streams
    return app


if __name__ == "__main__":
    sys.exit(serve(create_app, DashboardingSettings))
