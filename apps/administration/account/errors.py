"""What can be wrong with changes of one's own account."""

from shared.errors import Conflict, Invalid


class OtherPerson(Conflict):
    code = "link_of_another"
    title = "This link is for another account"

    def __init__(self) -> None:
        super().__init__("sign out, then sign in with the account that asked for it")


class AddressTaken(Conflict):
    code = "address_taken"
    title = "This mail address has an account already"

    def __init__(self) -> None:
        super().__init__("sign in with that account, or choose another address")


class SameAddress(Invalid):
    code = "same_address"

    def __init__(self) -> None:
        super().__init__("this is your address already")
