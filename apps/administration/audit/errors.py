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
