"""Why a connection is ended, as the device is told."""

from enum import StrEnum


class Ending(StrEnum):
    """The `error` member of the last line to a device, and what endings are counted by."""

    unauthorized = "unauthorized"
    disabled = "disabled"
    bad_hello = "bad_hello"
    busy = "busy"
    bad_seq = "bad_seq"
    line_too_long = "line_too_long"
    too_many_rejects = "too_many_rejects"
    too_many_pings = "too_many_pings"
    replaced = "replaced"
    idle = "idle"
    # Of protocols in which a device is only cut off.
    bad_packet = "bad_packet"
    packet_too_long = "packet_too_long"
