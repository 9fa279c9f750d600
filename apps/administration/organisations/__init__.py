"""The organisation: its name and how long it keeps readings."""
