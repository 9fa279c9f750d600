"""How CloudFormation names a role that was given no name: stack, resource and an id."""

from typing import Final

# A role's name has 64 characters at most, 14 of them the id with its dashes; the two names share
# what is left, and whichever is longer than its half is cut. So much of a stack's name stays.
STAYS: Final = 25


def of_stack(name: str) -> str:
    """A pattern of IAM for the names of the roles that the stack `name` makes."""
    return f"{name[:STAYS]}*"
