"""What can be wrong with an organisation's single sign-on."""

from shared.errors import Conflict, Invalid, NotFound


class NoSuchDomain(NotFound):
    code = "no_such_domain"
    title = "There is no such mail domain"


class NoSuchLink(NotFound):
    code = "no_such_link"
    title = "There is no such link"


class NoConnection(NotFound):
    code = "no_connection"
    title = "No provider is set"


class ConnectionUnfit(Invalid):
    """`extra["field"]` names the field of the form that it is about."""

    code = "connection_unfit"
    title = "The provider cannot be used so"


class DomainUnfit(Invalid):
    code = "domain_unfit"
    title = "This is no mail domain"


class DomainThere(Conflict):
    code = "domain_there"
    title = "The domain is listed already"


class DomainTaken(Conflict):
    code = "domain_taken"
    title = "Another organisation has proved this domain"


class NotProved(Conflict):
    code = "not_proved"
    title = "The proof was not found"


class TooManyDomains(Conflict):
    code = "too_many_domains"
    title = "There are too many mail domains"
