"""What is shown of roles."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A role: `id` is what members have, `name` what people read."""

    id: str
    name: str
    permissions: frozenset[str]
    members: int
    own: bool
