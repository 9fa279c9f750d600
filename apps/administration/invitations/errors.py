"""What can be wrong with invitations."""

from shared.errors import Conflict, DomainError, NotFound
from shared.telemetry.clean import clean


class NoSuchInvitation(NotFound):
    code = "no_such_invitation"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no open invitation {clean(public_id, 64)} in this organisation")


class AlreadyMember(Conflict):
    code = "already_member"

    def __init__(self) -> None:
        super().__init__("who has this address is a member already")


class AlreadyInvited(Conflict):
    code = "already_invited"

    def __init__(self) -> None:
        super().__init__(
            "there is an open invitation for this address: send it again, or revoke it"
        )


class TooManyInvitations(Conflict):
    code = "too_many_invitations"

    def __init__(self, most: int) -> None:
        super().__init__(f"an organisation has at most {most} open invitations; revoke some")


class InvitationOver(DomainError):
    """One answer for one that is unknown, accepted, revoked, too old, or whose role is gone."""

    code = "invitation_over"
    status = 410
    title = "This invitation is over"

    def __init__(self) -> None:
        super().__init__("ask who invited you to send it again; if you joined already, sign in")


class OtherAddress(Conflict):
    code = "invitation_of_another"
    title = "This invitation is for another address"

    def __init__(self, invited: str) -> None:
        super().__init__(
            f"it is for {clean(invited)}: sign out, then open the link once more, or have your own"
            " address invited"
        )


class SignInFirst(Conflict):
    code = "account_exists"
    title = "You have an account already"

    def __init__(self) -> None:
        super().__init__("sign in with it, then accept the invitation")


class AccountMeanwhile(Conflict):
    code = "account_meanwhile"
    title = "There is an account with this address by now"

    def __init__(self) -> None:
        super().__init__("sign in with it, then open the link once more")
