"""Which images there are, and what each may cost (pure)."""

from dataclasses import dataclass
from typing import Final

MB: Final = 1_000_000
# From the container's start until it can serve: a platform that scales waits for it.
START_S: Final = 1.5
BASE: Final = "python:3.13-slim-trixie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image. `most_mb` is what it may add to its base, uncompressed.

    `serves` are the ports it answers on when it is ready; none for what runs once and ends.
    `from_nothing`: it stands on no base, so all of it counts, and it has no Python.
    """

    name: str
    most_mb: int = 80
    serves: tuple[int, ...] = (8000, 9090)
    context: str = "."
    from_nothing: bool = False
    version: str = "dev"

    @property
    def tag(self) -> str:
        return f"fortress/{self.name}:{self.version}"


IMAGES: Final = (
    Image(name="api"),
    Image(name="reporting"),
    Image(name="administration"),
    Image(name="billing"),
    Image(name="loyalty"),
    Image(name="dashboarding"),
    Image(name="ingest", most_mb=30, serves=(9000, 9090)),
    Image(name="migrations", serves=()),
    Image(name="cli", serves=()),
    Image(name="bastion", most_mb=30, serves=(2222,), context="infra/bastion", from_nothing=True),
)


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from a container's start until it served, and how many of them it spent ready to run
    while the machine ran others: those say nothing of the image.
    """

    seconds: float
    waited_s: float

    @property
    def own_s(self) -> float:
        return self.seconds - self.waited_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one image came to. `start` is None for what runs once, or does not start."""

    image: Image
    size_mb: float
    added_mb: float
    start: "Start | None" = None
    note: str = ""

    @property
    def too_large(self) -> bool:
        return self.added_mb >= self.image.most_mb

    @property
    def too_slow(self) -> bool:
        return self.dead or (self.start is not None and self.start.own_s > START_S)

    @property
    def dead(self) -> bool:
        """It should serve, and does not."""
        return bool(self.image.serves) and self.start is None

    def fails(self, *, strict: bool) -> bool:
        """Whether the image may not be used; `strict`: nor where its start takes too long."""
        return self.too_large or self.dead or (strict and self.too_slow)


def table(found: list[Measured]) -> str:
    """The measures against their limits, one image a line.

    "waited" is the part of "ready" in which others had the processor; it does not count.
    """
    head = f"{'image':30}{'size MB':>9}{'added MB':>10}{'limit':>7}"
    head += f"{'ready s':>9}{'waited':>8}{'limit':>7}"
    return "\n".join([head, *map(_line, found)]) + "\n"


def _line(one: Measured) -> str:
    start = f"{one.start.seconds:.2f}" if one.start else "-"
    waited = f"{one.start.waited_s:.2f}" if one.start else "-"
    limit = f"{START_S:g}" if one.image.serves else "-"
    said = [one.note, "TOO LARGE" * one.too_large, "TOO SLOW" * one.too_slow]
    return (
        f"{one.image.tag:30}{one.size_mb:9.1f}{one.added_mb:10.1f}{one.image.most_mb:7}"
        f"{start:>9}{waited:>8}{limit:>7}  {' '.join(filter(None, said))}"
    ).rstrip()
