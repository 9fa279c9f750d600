"""The one tree of expected failures.

An expected failure is a subclass of `DomainError`. The web layer renders it as RFC 9457
problem details; the command line prints its detail. Anything else is a bug: logged and a 500.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """An expected failure: what went wrong, in a sentence that says what to do.

    `code` is stable and for machines, `status` is HTTP's, `title` is the same for every
    occurrence, `detail` speaks of this one. `extra` adds members to the problem document.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra


class BadRequest(DomainError):
    code = "bad_request"
    status = 400
    title = "The request is malformed"


class Unauthenticated(DomainError):
    code = "unauthenticated"
    status = 401
    title = "A valid API key is needed"


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    title = "This key may not do that"


class NotFound(DomainError):
    code = "not_found"
    status = 404
    title = "There is no such thing here"


class RequestTimeout(DomainError):
    code = "request_timeout"
    status = 408
    title = "The request took too long to arrive"


class Conflict(DomainError):
    code = "conflict"
    status = 409
    title = "This conflicts with what exists"


class TooLarge(DomainError):
    code = "too_large"
    status = 413
    title = "The request is too large"


class Invalid(DomainError):
    code = "invalid"
    status = 422
    title = "A value is not acceptable"


class TooMany(DomainError):
    code = "too_many"
    status = 429
    title = "Too many requests"


class Unavailable(DomainError):
    code = "unavailable"
    status = 503
    title = "A part that this needs is not reachable now"


class TooSlow(DomainError):
    code = "too_slow"
    status = 504
    title = "The answer took too long"


class ConfigurationError(DomainError):
    """A setting is missing, malformed or unsafe; the detail names it and says what to set."""

    code = "configuration"
    status = 500
    title = "The configuration is not usable"
