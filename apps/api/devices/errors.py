"""What can go wrong with devices."""

from shared.errors import Conflict, Invalid, NotFound


class NoSuchDevice(NotFound):
    title = "There is no such device here"

    def __init__(self) -> None:
        super().__init__("there is no device with this id")


class UidTakenUnseen(Conflict):
    """For whoever does not see the device that has it."""

    code = "uid_taken"
    title = "Another device has this uid"

    def __init__(self) -> None:
        super().__init__("a device that you do not see has this uid; take another one")


class NoToken(Conflict):
    code = "no_token"
    title = "A tracker has no token"

    def __init__(self) -> None:
        super().__init__("a tracker is known by its IMEI alone; limit it to networks instead")


class UidIsImei(Invalid):
    code = "uid_is_imei"
    title = "The uid of a tracker stays"

    def __init__(self) -> None:
        super().__init__("uid: that of a tracker is its IMEI; register the other one anew")


class NoTracker(Invalid):
    code = "no_tracker"
    title = "This device has a token"

    def __init__(self) -> None:
        super().__init__("networks: only a tracker (transport teltonika) is limited to networks")
