"""What can go wrong with earning rules."""

from shared.errors import NotFound


class NoSuchRule(NotFound):
    title = "There is no such earning rule here"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no earning rule {public_id}")
