"""What the routes of reporting ask for."""

from typing import Annotated

from fastapi import Depends, Request

from apps.reporting.runs.keeping import Keeping
from apps.reporting.settings import ReportingSettings
from shared.auth.keys import Principal
from shared.storage.base import Storage
from shared.web.changes import Change, change
from shared.web.dependencies import allow
from shared.web.streaming import Slots

ReadingsReader = Annotated[Principal, Depends(allow("readings:read"))]
# A run shows what its asker may read anyway: it needs no more than that.
RunsChange = Annotated[Change, Depends(change("readings:read"))]


def _settings(request: Request) -> ReportingSettings:
    found: ReportingSettings = request.app.state.settings
    return found


def _export_slots(request: Request) -> Slots:
    found: Slots = request.app.state.export_slots
    return found


def _download_slots(request: Request) -> Slots:
    found: Slots = request.app.state.download_slots
    return found


def _storage(request: Request) -> Storage:
    found: Storage = request.app.state.storage
    return found


def _keeping(request: Request) -> Keeping:
    found: Keeping = request.app.state.keeping
    return found


SettingsOf = Annotated[ReportingSettings, Depends(_settings)]
ExportSlots = Annotated[Slots, Depends(_export_slots)]
DownloadSlots = Annotated[Slots, Depends(_download_slots)]
StorageOf = Annotated[Storage, Depends(_storage)]
KeepingOf = Annotated[Keeping, Depends(_keeping)]
