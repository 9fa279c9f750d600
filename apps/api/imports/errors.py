"""What makes a whole import impossible; a bad row is no failure."""

from shared.errors import DomainError, Invalid


class BadFile(Invalid):
    code = "bad_file"
    title = "The file cannot be read"


class UnknownKind(DomainError):
    code = "unsupported_media_type"
    status = 415
    title = "The body is of a kind that is not taken here"
