"""What can be wrong about an export."""

from shared.errors import Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchDevice(NotFound):
    code = "no_such_device"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no device {clean(public_id, 64)} in this organisation")


class StartAfterEnd(Invalid):
    code = "start_after_end"

    def __init__(self) -> None:
        super().__init__("start is after end")


class BadColumn(Invalid):
    code = "bad_column"

    def __init__(self, name: str) -> None:
        super().__init__(f"{clean(name, 64)} cannot be the name of a column here")


class TooManyColumns(Invalid):
    code = "too_many_columns"

    def __init__(self, most: int) -> None:
        super().__init__(f"there would be more than {most} columns; name those that you want")
