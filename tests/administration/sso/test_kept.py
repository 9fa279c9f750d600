"""What providers say of themselves is kept for a while, and of so many of them."""

import pytest

from apps.administration.sso import provider
from apps.administration.sso.provider import PROVIDERS, _Kept


class _Asked:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> int:
        self.times += 1
        return self.times


async def test_what_is_young_is_not_asked_for_again() -> None:
    kept, ask = _Kept[int](), _Asked()
    assert [await kept.get("a", ask, 60.0) for _ in range(3)] == [1, 1, 1]


async def test_what_is_old_is() -> None:
    kept, ask = _Kept[int](), _Asked()
    assert [await kept.get("a", ask, 0.0) for _ in range(2)] == [1, 2]


async def test_of_more_providers_than_are_kept_the_one_used_last_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider, "PROVIDERS", 2)
    assert PROVIDERS > 2
    kept, ask = _Kept[int](), _Asked()
    for name in ("a", "b", "a", "c"):
        await kept.get(name, ask, 60.0)
    assert await kept.get("a", ask, 60.0) == 1
    assert await kept.get("b", ask, 60.0) == 4


async def test_a_failure_is_not_kept() -> None:
    kept, ask = _Kept[int](), _Asked()

    async def fail() -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await kept.get("a", fail, 60.0)
    assert await kept.get("a", ask, 60.0) == 1
