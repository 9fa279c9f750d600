"""What can be wrong with erasing a person."""

from shared.errors import Invalid


class NotConfirmed(Invalid):
    code = "not_confirmed"

    def __init__(self) -> None:
        super().__init__("type the mail address of the account as it is shown, to erase it")
