"""Tables of characters: columns of numbers aligned at their right."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Rows under their columns; those whose numbers are in `right` end at the right."""
    cells = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(columns))]
    ends = set(right)
    lines = [
        "  ".join(
            cell.rjust(width) if n in ends else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def section(title: str, body: str) -> str:
    return f"{title}\n{'=' * len(title)}\n\n{body}\n"


def wrapped(text: str, width: int = 100, indent: str = "  ") -> str:
    """Words on lines of at most `width`, the later ones indented."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])
