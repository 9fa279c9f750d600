"""Peer text made safe for a log line or an error message."""

LONGEST = 200


def clean(text: bytes | bytearray | str, longest: int = LONGEST) -> str:
    """Printable text of at most `longest` characters.

    Control characters and bytes that are not UTF-8 are shown as escapes, what is cut off as an
    ellipsis.
    """
    if isinstance(text, bytes | bytearray):
        text = bytes(text[: longest * 4]).decode("utf-8", "backslashreplace")
    cut = text[: longest + 1]
    if cut.isprintable():
        return cut if len(cut) <= longest else cut[: longest - 1] + "…"
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
