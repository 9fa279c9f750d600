"""Names that people give: to themselves, to roles, to keys."""

from shared.errors import Invalid
from shared.web.fields import printable


class NameUnfit(Invalid):
    code = "name_unfit"
    title = "This name cannot be taken"


def name_of(text: str, longest: int = 200) -> str:
    """A name as it is stored, without spaces around it. Raises `NameUnfit`, saying what to do."""
    name = text.strip()
    if not 1 <= len(name) <= longest:
        raise NameUnfit(f"write a name of 1 to {longest} characters")
    try:
        return printable(name)
    except ValueError:
        raise NameUnfit(
            "the name has a character that cannot be shown; type it instead of pasting it"
        ) from None
