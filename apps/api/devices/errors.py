"""What can go wrong with devices."""

from shared.errors import Conflict, NotFound


class NoSuchDevice(NotFound):
    title = "There is no such device here"

    def __init__(self) -> None:
        super().__init__("there is no device with this id")


class UidTaken(Conflict):
    code = "uid_taken"
    title = "Another device has this uid"

    def __init__(self, device_public_id: str | None) -> None:
        super().__init__(f"the device {device_public_id} has this uid", device=device_public_id)
