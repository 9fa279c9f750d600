"""What can be wrong about the audit."""

from shared.errors import Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchEntry(NotFound):
    code = "no_such_entry"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no audit entry {clean(public_id, 64)} in this organisation")


class StartAfterEnd(Invalid):
    code = "start_after_end"

    def __init__(self) -> None:
        super().__init__("start is after end")


class AfterTheEnd(Invalid):
    code = "after_the_end"

    def __init__(self, last: int) -> None:
        super().__init__(f"the audit ends with entry {last}; say that number, or a lower one")


class KeptTooShortOrLong(Invalid):
    code = "kept_too_short_or_long"

    def __init__(self, shortest: int, longest: int) -> None:
        super().__init__(f"write a number of days from {shortest} to {longest}")
