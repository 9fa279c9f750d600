"""What can go wrong with groups of devices."""

from shared.errors import Conflict, NotFound


class NoSuchGroup(NotFound):
    title = "There is no such group of devices here"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no group {public_id!a}")


class GroupNameTaken(Conflict):
    code = "name_taken"
    title = "Another group has this name"


class GroupLimits(Conflict):
    """Without it they would see everything, or nothing."""

    code = "group_limits_members"
    title = "Members are limited to this group"


class TooManyGroups(Conflict):
    code = "too_many_groups"
    title = "There are too many groups"
