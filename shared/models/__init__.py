"""All tables: one metadata, one history of migrations. Each has one app that writes it."""

from shared.models.base import Base
from shared.models.billing import Meter, UsageEvent
from shared.models.factors import Passkey, RecoveryCode, SpentChallenge, Totp
from shared.models.fleet import Device, DeviceCredential, DeviceProfile, DeviceTag
from shared.models.groups import DeviceGroup, DeviceGroupDevice, MembershipGroup
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
from shared.models.organisations import (
    ApiKey,
    AuditChain,
    AuditEntry,
    AuditPersonal,
    AuditSeal,
    IdempotencyKey,
    Organisation,
    ServiceAccount,
    SupportGrant,
)
from shared.models.people import (
    AppSession,
    Attempt,
    FormerMember,
    Invitation,
    MailToken,
    Membership,
    Person,
    Role,
    SignIn,
    SignInCode,
)
from shared.models.reporting import ReportRun
from shared.models.single_sign_on import MailDomain, SsoConnection, SsoIdentity
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
    "AppSession",
    "Attempt",
    "AuditChain",
    "AuditEntry",
    "AuditPersonal",
    "AuditSeal",
    "Base",
    "DeadLetter",
    "Device",
    "DeviceCredential",
    "DeviceEvent",
    "DeviceGroup",
    "DeviceGroupDevice",
    "DeviceProfile",
    "DeviceState",
    "DeviceTag",
    "EarningRule",
    "Entry",
    "FormerMember",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "Lot",
    "MailDomain",
    "MailToken",
    "Member",
    "MemberTag",
    "Membership",
    "MembershipGroup",
    "Meter",
    "Organisation",
    "Passkey",
    "Person",
    "Programme",
    "Reading",
    "RecoveryCode",
    "ReportRun",
    "Role",
    "ServiceAccount",
    "SignIn",
    "SignInCode",
    "SpentChallenge",
    "SsoConnection",
    "SsoIdentity",
    "SupportGrant",
    "Totp",
    "UnclaimedPoints",
    "UsageDevice",
    "UsageEvent",
    "UsageHour",
]
