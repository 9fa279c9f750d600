"""Reporting's process: wiring only."""

import sys
from functools import partial

from fastapi import FastAPI

from apps.reporting.exports.report import report
from apps.reporting.exports.router import router as exports
from apps.reporting.settings import ReportingSettings
from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide
from shared.web.streaming import Slots


def create_app(
    settings: ReportingSettings | None = None, services: Services | None = None
) -> FastAPI:
    """The app. It makes and closes services of its own unless it is given some."""
    services = provide(ReportingSettings, settings, services)
    settings = settings or services.settings_as(ReportingSettings)
    slots = Slots("exports", total=settings.exports, each=settings.exports_each)
    app = create_web_app(
        name="reporting",
        title="Fortress reporting",
        description="Readings and events as files.",
        services=services,
        routers=[exports],
        background=[partial(report, slots, settings.environment)],
    )
    app.state.settings = settings
    app.state.export_slots = slots
    return app


if __name__ == "__main__":
    sys.exit(serve(create_app, ReportingSettings))
