"""What can go wrong with a series."""

from shared.errors import Invalid


class TooManyPoints(Invalid):
    code = "too_many_points"
    title = "A series of that many points is not drawn"


class TooManyReadings(Invalid):
    code = "too_many_readings"
    title = "The span holds too many readings"
