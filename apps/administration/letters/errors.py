"""What can be wrong with asking for a letter."""

from shared.errors import NotFound


class NoSuchLetter(NotFound):
    """It was never written here, or is gone."""

    code = "letter_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such letter; the newest 500 are kept")
