"""What can go wrong on the way through somebody else's sign-in. Every page of it offers the others.

Nothing that a provider or a browser says is repeated on a page.
"""

from shared.errors import BadRequest, DomainError, Forbidden


class NotOffered(DomainError):
    """No organisation signs in by itself for such an address."""

    code = "sso_not_offered"
    status = 404
    title = "There is no single sign-on for this address"

    def __init__(self) -> None:
        super().__init__(
            "no organisation has set it up for this mail domain: sign in in another way"
        )


class StartAgain(BadRequest):
    """The way back does not belong to a way there that this browser took."""

    code = "sso_start_again"
    title = "Start again"

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}: start again from the sign-in page")


class ProviderFailed(DomainError):
    """The provider is away, answers nonsense, or says things that do not hold."""

    code = "sso_provider_failed"
    status = 502
    title = "Your organisation's sign-in cannot be used now"


class Declined(Forbidden):
    """The provider let nobody through."""

    code = "sso_declined"
    title = "Your organisation's sign-in did not let you through"


class Refused(Forbidden):
    """The provider did, but this person does not come in here."""

    code = "sso_refused"
    title = "You cannot come in this way"


class NotAsked(Forbidden):
    """Somebody came back who was signed in here, and whom the provider did not ask again."""

    code = "sso_not_asked"
    title = "Your organisation's sign-in did not ask you again"

    def __init__(self) -> None:
        super().__init__(
            "so it does not confirm that it is you: confirm in another way; you are still signed in"
        )


class NotShown(Forbidden):
    """A letter alone does not link an account that has a second factor."""

    code = "sso_not_shown"
    title = "A code is needed"

    def __init__(self) -> None:
        super().__init__("your account asks for a code when you sign in, and so does linking it")


class Demanded(Forbidden):
    """The person's organisation lets its members come in by single sign-on alone."""

    code = "sso_demanded"
    title = "Your organisation asks for single sign-on"

    def __init__(self) -> None:
        super().__init__(
            "go back to the sign-in page and choose single sign-on there; it has switched off the "
            "other ways for its members"
        )


class Kept(Forbidden):
    """With an address of another domain a person could come in by the other ways."""

    code = "sso_address_kept"
    title = "Your organisation asks for single sign-on"

    def __init__(self) -> None:
        super().__init__(
            "so your address stays one of its mail domains; ask an administrator if it has to be"
            " another one"
        )
