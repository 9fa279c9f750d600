"""What can go wrong with profiles."""

from shared.errors import Conflict, NotFound


class NoSuchProfile(NotFound):
    title = "There is no such profile here"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no profile {public_id}")


class ProfileNameTaken(Conflict):
    code = "name_taken"
    title = "Another profile has this name"


class ProfileInUse(Conflict):
    code = "profile_in_use"
    title = "Devices use this profile"
