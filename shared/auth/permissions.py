"""What can be done, and which role may: the one table of it.

Routes, pages, the scopes of API keys, custom roles and docs/permissions.md all come from here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Permission:
    """`sentence` goes on from "may …". `key`: an API key may have it as a scope too."""

    sentence: str
    key: bool = True


PERMISSIONS: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "devices:read": Permission("see devices, their profiles and their latest values"),
        "devices:write": Permission("create, change and delete devices and profiles, make tokens"),
        "readings:read": Permission(
            "read readings, series, events and dead letters; the live stream; exports"
        ),
        "readings:write": Permission("send readings and events, replay dead letters"),
        "usage:read": Permission("see meters and usage"),
        "usage:write": Permission("create and delete meters"),
        "members:read": Permission("see programmes, members, rules and points"),
        "members:write": Permission("create and change programmes, members and rules"),
        "organisation:read": Permission("see the organisation"),
        "organisation:write": Permission("change the organisation"),
        "keys:read": Permission("see API keys"),
        "keys:write": Permission("create and revoke API keys"),
        "audit:read": Permission("read the audit"),
        # What decides about people is for people: a key has no second factor to ask for.
        "people:read": Permission("see people, their roles and invitations", key=False),
        "people:write": Permission(
            "invite people, change their roles and what they are limited to, remove them", key=False
        ),
        "roles:write": Permission(
            "make, change and delete the organisation's own roles", key=False
        ),
        "sign_in:write": Permission("set single sign-on and prove mail domains", key=False),
        "support:write": Permission("let support in for a time, and end it", key=False),
        "organisation:delete": Permission("delete the organisation", key=False),
    }
)
SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {name: one.sentence for name, one in PERMISSIONS.items() if one.key}
)
"""What an API key may be allowed to do."""

OWNER: Final = "owner"
_READS: Final = frozenset({"organisation:read", "devices:read"})
ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        OWNER: frozenset(PERMISSIONS),
        # Whoever may not delete the organisation makes nobody an owner, nor ends one.
        "administrator": frozenset(PERMISSIONS) - {"organisation:delete"},
        "operator": _READS | {"devices:write", "readings:read", "readings:write"},
        "analyst": _READS | {"readings:read", "usage:read", "members:read"},
        "finance": _READS | {"usage:read", "usage:write"},
        "marketing": _READS | {"members:read", "members:write"},
        "viewer": _READS | {"readings:read"},
    }
)
"""Built-in role → its permissions."""

# With these one would get round a limit to groups of devices: by a key or an account without it,
# or because they show and change what is of all devices.
BEYOND_GROUPS: Final = frozenset(
    {
        "organisation:write",
        "organisation:delete",
        "keys:write",
        "people:write",
        "roles:write",
        "sign_in:write",
        "support:write",
        "audit:read",
    }
)
"""What a member who is limited to groups of devices may not do, whatever the role says."""


def permitted(role: str, custom: Iterable[str] | None = None) -> frozenset[str]:
    """What `role` may do: a built-in one, or one whose own permissions are `custom`.

    A role that is not there any more may do nothing; nor does a permission that is not there.
    """
    if role in ROLES:
        return ROLES[role]
    return frozenset(PERMISSIONS.keys() & (custom or ()))


def excess(wanted: Collection[str], own: Collection[str]) -> list[str]:
    """What somebody who may do `own` cannot hand out, nor take away, of `wanted`; sorted."""
    return sorted(set(wanted) - set(own))
