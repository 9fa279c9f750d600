"""What can go wrong with members."""

from shared.errors import Conflict, NotFound


class NoSuchMember(NotFound):
    title = "There is no such member here"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no member {public_id}")


class NoSuchTag(NotFound):
    title = "The member has no such tag"


class TagTaken(Conflict):
    code = "tag_taken"
    title = "A tag belongs to one member of a programme"


class TooManyTags(Conflict):
    code = "too_many_tags"
    title = "A member has too many tags"
