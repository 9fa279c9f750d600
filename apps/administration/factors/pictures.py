"""A text as a QR code, as the path of an SVG: it stands in the page itself, without a data: URL."""

from dataclasses import dataclass

import segno

# What readers need around it (ISO/IEC 18004, 6.3.8): four modules.
_BORDER = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """`size` modules a side, its quiet zone with it; `path` fills those that are dark."""

    size: int
    path: str


def qr_code(text: str) -> Picture:
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    dark = [
        f"M{column + _BORDER} {row + _BORDER}h1v1h-1z"
        for row, modules in enumerate(rows)
        for column, module in enumerate(modules)
        if module
    ]
    return Picture(len(rows) + 2 * _BORDER, "".join(dark))
