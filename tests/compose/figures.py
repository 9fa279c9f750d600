"""What a run came to, said at its end."""

noted: list[str] = []


def note(line: str) -> None:
    noted.append(line)
