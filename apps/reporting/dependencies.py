"""What the routes of reporting ask for."""

from typing import Annotated

from fastapi import Depends, Request

from apps.reporting.settings import ReportingSettings
from shared.auth.keys import Principal
from shared.web.dependencies import allow
from shared.web.streaming import Slots

ReadingsReader = Annotated[Principal, Depends(allow("readings:read"))]


def _settings(request: Request) -> ReportingSettings:
    found: ReportingSettings = request.app.state.settings
    return found


def _slots(request: Request) -> Slots:
    found: Slots = request.app.state.export_slots
    return found


SettingsOf = Annotated[ReportingSettings, Depends(_settings)]
ExportSlots = Annotated[Slots, Depends(_slots)]
