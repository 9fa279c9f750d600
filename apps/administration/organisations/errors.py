"""What can be wrong about organisations."""

from shared.errors import Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchOrganisation(NotFound):
    code = "no_such_organisation"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no organisation {clean(public_id, 64)} for this key")


class NameMissing(Invalid):
    code = "name_missing"

    def __init__(self) -> None:
        super().__init__("an organisation has a name; leave the field out to keep it")
