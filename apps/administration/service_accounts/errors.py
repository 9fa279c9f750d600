"""What can be wrong about service accounts."""

from shared.errors import Conflict, NotFound
from shared.telemetry.clean import clean


class NoSuchAccount(NotFound):
    code = "no_such_service_account"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no service account {clean(public_id, 64)} in this organisation")


class AccountNameTaken(Conflict):
    code = "name_taken"

    def __init__(self) -> None:
        super().__init__("another service account here has this name; choose another")


class AccountDisabled(Conflict):
    code = "service_account_disabled"
    title = "A disabled service account gets no keys"

    def __init__(self) -> None:
        super().__init__("the service account is disabled; enable it before you give it a key")


class TooManyAccounts(Conflict):
    code = "too_many_service_accounts"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"an organisation has at most {most} service accounts; rename one that is not used"
        )
