"""What can be wrong about an organisation's own roles."""

from shared.errors import Conflict, Invalid, NotFound
from shared.telemetry.clean import clean


class NoSuchRole(NotFound):
    code = "no_such_role"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no role {clean(public_id, 64)} in this organisation")


class NoPermissions(Invalid):
    code = "no_permissions"

    def __init__(self) -> None:
        super().__init__("choose one permission or more")


class UnknownPermission(Invalid):
    code = "unknown_permission"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no permission {clean(name, 64)}")


class NameTaken(Conflict):
    code = "role_name_taken"

    def __init__(self) -> None:
        super().__init__("there is a role of this name; choose another name")


class InUse(Conflict):
    code = "role_in_use"
    title = "This role is in use"

    def __init__(self, people: int, invitations: int) -> None:
        members = f"{people} member{'' if people == 1 else 's'}"
        invited = f"{invitations} open invitation{'' if invitations == 1 else 's'}"
        super().__init__(
            f"{members} and {invited} have it; give them another role first",
            members=people,
            invitations=invitations,
        )


class GivenBySignOn(Conflict):
    code = "role_given_by_sign_on"
    title = "This role is in use"

    def __init__(self) -> None:
        super().__init__("who comes by single sign-on gets it; choose another role there first")


class TooManyRoles(Conflict):
    code = "too_many_roles"

    def __init__(self, most: int) -> None:
        super().__init__(f"an organisation has at most {most} roles of its own; delete some")
