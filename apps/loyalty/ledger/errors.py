"""What can go wrong with the ledger."""

from shared.errors import Conflict


class NotEnoughPoints(Conflict):
    code = "not_enough_points"
    title = "The member does not have so many points"
