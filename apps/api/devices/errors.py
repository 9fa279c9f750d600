"""What can go wrong with devices."""

from shared.errors import NotFound


class NoSuchDevice(NotFound):
    title = "There is no such device here"

    def __init__(self) -> None:
        super().__init__("there is no device with this id")
