"""What can be wrong with links by mail."""

from shared.errors import DomainError


class LinkOver(DomainError):
    """One answer for a link that is unknown, used, too old, or of another kind."""

    code = "link_over"
    status = 410
    title = "This link is over"

    def __init__(self) -> None:
        super().__init__("it was used already, or it is too old; ask for a new one")
