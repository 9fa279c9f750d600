"""What can go wrong with simulated and replayed devices."""

from shared.errors import Conflict, Invalid, Unavailable


class MappingUnusable(Invalid):
    code = "mapping"
    title = "The mapping does not fit"


class FileUnusable(Invalid):
    code = "file"
    title = "The file cannot be replayed"


class ServiceUnreachable(Unavailable):
    title = "The service does not answer"


class DeviceRefused(Conflict):
    code = "device_refused"
    title = "A device may not connect"
