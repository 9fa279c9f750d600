"""What can go wrong with programmes."""

from shared.errors import Conflict, NotFound


class NoSuchProgramme(NotFound):
    title = "There is no such programme here"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no programme {public_id}")


class ProgrammeNameTaken(Conflict):
    code = "name_taken"
    title = "Another programme has this name"
