"""What can be wrong about API keys."""

from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchKey(NotFound):
    code = "no_such_key"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no key {clean(public_id, 64)} in this organisation")


class UnknownScope(Invalid):
    code = "unknown_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"there is no scope {clean(scope, 64)}")


class ScopesExceeded(Forbidden):
    """`by`: what makes the key: a key, or somebody's role."""

    code = "scopes_exceeded"
    title = "Nobody hands out more than they have"

    def __init__(self, scopes: list[str], by: str) -> None:
        super().__init__(f"{by} has no {', '.join(scopes)} to hand out", scopes=scopes)


class AlreadyEnded(Invalid):
    code = "already_ended"

    def __init__(self) -> None:
        super().__init__("expires_at is in the past")


class Outlives(Forbidden):
    code = "outlives"
    title = "A key makes no key that lives longer than it does"

    def __init__(self) -> None:
        super().__init__("this key expires; a key that it makes must not expire later")


class LastManager(Conflict):
    code = "last_manager"
    title = "The last key that manages keys stays"

    def __init__(self) -> None:
        super().__init__("no other key here has keys:write; create one before revoking this")


class TooManyKeys(Conflict):
    code = "too_many_keys"

    def __init__(self, most: int) -> None:
        super().__init__(f"an organisation has at most {most} keys in force; revoke some")
