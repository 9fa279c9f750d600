"""What can be wrong about the members of an organisation."""

from shared.errors import Conflict


class BelongsElsewhere(Conflict):
    code = "belongs_elsewhere"
    title = "This person belongs to other organisations too"

    def __init__(self) -> None:
        super().__init__(
            "remove them from this one instead: that ends what they may do here at once"
        )


class Yourself(Conflict):
    code = "yourself"
    title = "That would be you"

    def __init__(self) -> None:
        super().__init__("leave the organisation instead, or ask another administrator")


class NoOrganisation(Conflict):
    code = "no_organisation"
    title = "You look at no organisation"

    def __init__(self) -> None:
        super().__init__("choose the organisation first")
