"""What can go wrong when usage is asked for."""

from shared.errors import Invalid


class NotByDevice(Invalid):
    code = "not_by_device"
    title = "This meter does not know devices"


class NotInThisZone(Invalid):
    code = "not_in_this_zone"
    title = "This meter cannot be told apart at this zone's hours"
