"""What an organisation has, by the ids and names that requests name it with."""

from dataclasses import dataclass, fields, replace

from shared.ids import new_id

# What is no id with a prefix, and what another one that does not exist looks like.
_NAMES = {"uid": "uid", "tag": "TAG", "meter_code": "meter"}


@dataclass(frozen=True)
class Things:
    """One of each kind that requests name. An entry that needs another kind adds it here and to
    `seed.py`.
    """

    organisation: str
    person: str
    key: str
    account: str
    audit: str
    profile: str
    unused_profile: str
    device: str
    group: str
    unused_group: str
    uid: str
    letter: str
    meter: str
    meter_code: str
    programme: str
    member: str
    tag: str
    rule: str
    role: str
    invitation: str
    membership: str
    sign_in: str
    passkey: str
    run: str
    unused_run: str
    grant: str
    domain: str
    link: str

    def values(self) -> dict[str, str]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def nowhere(like: Things) -> Things:
    """Ids and names of the same form that nobody has."""
    return replace(
        like,
        **{
            name: new_id(_NAMES[name] if name in _NAMES else value.rpartition("_")[0])
            for name, value in like.values().items()
        },
    )


class Noting:
    """Stands for `Things` and notes in `named` which of them a request names."""

    def __init__(self, things: Things) -> None:
        self._things = things
        self.named: set[str] = set()

    def __getattr__(self, name: str) -> str:
        self.named.add(name)
        found: str = getattr(self._things, name)
        return found
