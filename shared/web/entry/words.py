"""What the six apps are called on pages, and what each is for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api": "API",
        "reporting": "Reporting",
        "administration": "Administration",
        "billing": "Billing",
        "loyalty": "Loyalty",
        "dashboarding": "Dashboarding",
    }
)
SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api": "Devices, what they measure and what they sent, for programs.",
        "reporting": "Readings and events as files.",
        "administration": "People, roles, keys, and the audit of every change.",
        "billing": "Meters, and what was used.",
        "loyalty": "Members, the rules by which they earn, and their points.",
        "dashboarding": "What devices send, live.",
    }
)
