"""What can go wrong with meters."""

from shared.errors import Conflict, NotFound


class NoSuchMeter(NotFound):
    title = "There is no such meter here"

    def __init__(self, named: str) -> None:
        super().__init__(f"there is no meter {named}")


class MeterCodeTaken(Conflict):
    code = "code_taken"
    title = "Another meter has this code"
