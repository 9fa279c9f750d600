"""A profile as a decoder that checks while it decodes. Pure.

What it takes fits the profile and has no metric that is not declared; what it refuses has to be
looked at by `shared.readings.check`, which says what is wrong, or that nothing is.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

LARGEST_INT: Final = 2**53 - 1
TEXT: Final = 256
# After so many messages more that were fine but not as declared than were, decoding twice is not
# worth it, until so many have passed.
MISSES: Final = 20
PASSED: Final = 2_000

Seq = Annotated[int, Meta(ge=1, le=LARGEST_INT)]
Time = Annotated[int, Meta(ge=0, le=LARGEST_INT)]


class Compiled:
    """`decode` gives an object with `s`, `t` and `v`, `decode_block` a list of them for lines that
    have all three; `metrics` is how many are declared.
    """

    __slots__ = ("decode", "decode_block", "metrics", "misses", "passed")

    def __init__(
        self,
        decode: Callable[[bytes], Any],
        decode_block: Callable[[bytes], list[Any]],
        metrics: int,
    ) -> None:
        self.decode = decode
        self.decode_block = decode_block
        self.metrics = metrics
        self.misses = 0
        self.passed = 0

    @property
    def worth(self) -> bool:
        """Whether the devices of this profile send what it declares."""
        return self.misses < MISSES

    def passes(self) -> None:
        """One was decoded otherwise, as it was not worth it."""
        self.passed += 1
        if self.passed >= PASSED:
            self.passed = 0
            self.misses = 0


def compiled(metrics: Mapping[str, Mapping[str, Any]]) -> Compiled | None:
    """The decoder for a `device_profile.metrics` document; none for one without metrics, or with
    a bound that decoders do not take.
    """
    if not 0 < len(metrics) <= 64 or not all(map(_exact, metrics.values())):
        return None
    names = {f"m{number}": name for number, name in enumerate(metrics)}
    values = msgspec.defstruct(
        "Values",
        [(field, _type(metrics[name]) | UnsetType, UNSET) for field, name in names.items()],
        rename=names,
        forbid_unknown_fields=True,
        gc=False,
    )
    message = msgspec.defstruct(
        "Message",
        [("v", values), ("s", Seq | UnsetType, UNSET), ("t", Time | UnsetType, UNSET)],
        forbid_unknown_fields=True,
        gc=False,
    )
    whole = msgspec.defstruct(
        "Whole", [("v", values), ("s", Seq), ("t", Time)], forbid_unknown_fields=True, gc=False
    )
    return Compiled(
        msgspec.json.Decoder(message).decode,
        msgspec.json.Decoder(whole).decode_lines,
        len(metrics),
    )


def _exact(declared: Mapping[str, Any]) -> bool:
    """Whether the bounds are numbers that a float and an int64 both hold."""
    bounds = (declared.get("min"), declared.get("max"))
    return all(bound is None or -LARGEST_INT <= bound <= LARGEST_INT for bound in bounds)


def _type(declared: Mapping[str, Any]) -> Any:
    if declared["type"] == "boolean":
        return bool
    if declared["type"] == "text":
        return Annotated[str, Meta(max_length=TEXT)]
    low, high = declared.get("min"), declared.get("max")
    whole = Meta(
        ge=-LARGEST_INT if low is None else math.ceil(low),
        le=LARGEST_INT if high is None else math.floor(high),
    )
    return Annotated[int, whole] | Annotated[float, Meta(ge=low, le=high)]
