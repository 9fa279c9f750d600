"""What can be wrong with factors. None of it says who has which."""

from shared.errors import Conflict, Forbidden, Invalid, NotFound


class WrongFirstCode(Invalid):
    code = "wrong_first_code"
    title = "This is not the code that the app shows now"


class SetUpOver(Conflict):
    code = "set_up_over"
    title = "This set-up is over"

    def __init__(self) -> None:
        super().__init__("begin it again: the picture on the page before is of no use any more")


class NoSuchPasskey(NotFound):
    code = "no_such_passkey"
    title = "You have no such passkey"


class LastWayIn(Conflict):
    code = "last_way_in"
    title = "This is your last way in"

    def __init__(self) -> None:
        super().__init__("set a password, or add another passkey, before you remove this one")


class TooManyPasskeys(Conflict):
    code = "too_many_passkeys"

    def __init__(self, most: int) -> None:
        super().__init__(f"a person has at most {most} passkeys; remove one first")


class KnownPasskey(Conflict):
    code = "known_passkey"
    title = "This passkey is known already"

    def __init__(self) -> None:
        super().__init__("the device that you chose has a passkey here; use another device")


class ChallengeOver(Conflict):
    """It was answered before, took too long, or was another's."""

    code = "challenge_over"
    title = "This took too long, or was sent twice"

    def __init__(self) -> None:
        super().__init__("load the page again and try once more")


class PasskeyRefused(Forbidden):
    """What came is no valid answer. Which check failed is only in the log."""

    code = "passkey_refused"
    title = "This passkey was not accepted"

    def __init__(self, detail: str = "try again, or use another way to sign in") -> None:
        super().__init__(detail)


class PasskeyCopied(PasskeyRefused):
    """Its count went back: two devices use what one should have."""

    code = "passkey_copied"

    def __init__(self) -> None:
        super().__init__(
            "its use was counted before: it may have been copied. Use another way to sign in, "
            "remove this passkey, and add it anew"
        )
