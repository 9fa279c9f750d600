"""All tables: one metadata, one history of migrations. Each has one app that writes it."""

from shared.models.base import Base
from shared.models.billing import Meter, UsageEvent
from shared.models.fleet import Device, DeviceCredential, DeviceProfile, DeviceTag
from shared.models.jobs import Job
from shared.models.loyalty import (
    Allocation,
    EarningRule,
    Entry,
    Lot,
    Member,
    MemberTag,
    Programme,
    UnclaimedPoints,
)
from shared.models.organisations import ApiKey, AuditEntry, IdempotencyKey, Organisation
from shared.models.telemetry import (
    DeadLetter,
    DeviceEvent,
    DeviceState,
    Reading,
    UsageDevice,
    UsageHour,
)

__all__ = [
    "Allocation",
    "ApiKey",
    "AuditEntry",
    "Base",
    "DeadLetter",
    "Device",
    "DeviceCredential",
    "DeviceEvent",
    "DeviceProfile",
    "DeviceState",
    "DeviceTag",
    "EarningRule",
    "Entry",
    "IdempotencyKey",
    "Job",
    "Lot",
    "Member",
    "MemberTag",
    "Meter",
    "Organisation",
    "Programme",
    "Reading",
    "UnclaimedPoints",
    "UsageDevice",
    "UsageEvent",
    "UsageHour",
]
