"""What can be wrong about a live stream."""

from shared.errors import NotFound, Unavailable
from shared.telemetry.clean import clean


class NoSuchDevice(NotFound):
    code = "no_such_device"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no device {clean(public_id, 64)} in this organisation")


class GoingAway(Unavailable):
    code = "going_away"

    def __init__(self) -> None:
        super().__init__("this process is going away; try again")
