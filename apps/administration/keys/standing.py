"""Keys that are not revoked: which of them work, and until when."""

from collections.abc import Iterable
from datetime import datetime

from apps.administration.keys.rules import Standing
from shared.auth.principal import Principal
from shared.models import ApiKey, ServiceAccount


def in_force(keys: Iterable[ApiKey], accounts: Iterable[ServiceAccount]) -> list[ApiKey]:
    """The keys that no disabled service account holds."""
    off = {account.id for account in accounts if account.disabled_at is not None}
    return [key for key in keys if key.service_account_id not in off]


def facts(keys: Iterable[ApiKey]) -> list[Standing]:
    return [Standing(key.id, frozenset(key.scopes), key.expires_at) for key in keys]


def ends(principal: Principal, working: Iterable[ApiKey], now: datetime) -> datetime | None:
    """When whoever makes a key ends: a key that ended meanwhile now, a person never."""
    if principal.key_id is None:
        return None
    return next((key.expires_at for key in working if key.id == principal.key_id), now)
