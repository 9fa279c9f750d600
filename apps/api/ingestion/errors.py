"""What makes a whole request impossible; a message that is not acceptable is no failure."""

from shared.errors import BadRequest, Conflict, DomainError, Invalid


class NotAList(Invalid):
    code = "not_a_list"
    title = "A list of messages is needed"


class NotJson(BadRequest):
    code = "not_json"
    title = "The body is not JSON"


class DeviceDisabled(Conflict):
    code = "device_disabled"
    title = "The device is disabled"


class UnknownKind(DomainError):
    code = "unsupported_media_type"
    status = 415
    title = "The body is of a kind that is not taken here"
