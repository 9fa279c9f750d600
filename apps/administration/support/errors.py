"""What can be wrong about letting support in."""

from shared.errors import Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchGrant(NotFound):
    code = "no_such_grant"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"support was never let in as {clean(public_id, 64)} here")


class UnknownHours(Invalid):
    code = "unknown_hours"

    def __init__(self) -> None:
        super().__init__("choose for how long from the list: at most 72 hours")


class RoleNotForSupport(Invalid):
    code = "role_not_for_support"

    def __init__(self) -> None:
        super().__init__("choose what support may do from the list: look, or look and operate")
