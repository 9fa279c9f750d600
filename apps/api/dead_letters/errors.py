"""What can go wrong with dead letters."""

from shared.errors import NotFound


class NoSuchDeadLetter(NotFound):
    title = "There is no such dead letter here"

    def __init__(self) -> None:
        super().__init__("there is no dead letter with this id")
