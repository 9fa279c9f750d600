"""Bars that lie: a label, a bar with its low and high, the amount. They fit any width."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from infra.plan.money import Range, usd


@dataclass(frozen=True)
class Bar:
    """`parts` lie one after the other from zero and add up to the likely amount."""

    label: str
    parts: tuple[Decimal, ...]
    amount: Range
    strong: bool = False


def bars(rows: Sequence[Bar], names: Sequence[str] = (), mark: Decimal | None = None) -> str:
    """`names`: of the parts, for the key; `mark`: an amount that is drawn through all bars."""
    most = max([row.amount.high for row in rows] + ([mark] if mark else [])) or Decimal(1)
    lines = "".join(_bar(row, most, mark) for row in rows)
    return f'<ul class="bars">{lines}</ul>{_key(names, mark)}'


def _bar(row: Bar, most: Decimal, mark: Decimal | None) -> str:
    low, likely, high = (usd(x) for x in (row.amount.low, row.amount.likely, row.amount.high))
    said = f"{row.label}: {likely}, from {low} to {high}"
    pieces, start = [], Decimal(0)
    for tone, part in zip("abcd", row.parts, strict=False):
        style = f"--from:{_percent(start, most)};--wide:{_percent(part, most)}"
        pieces.append(f'<i class="t-{tone}" style="{style}"></i>')
        start += part
    wide = _percent(row.amount.high - row.amount.low, most)
    pieces.append(
        f'<i class="span" style="--from:{_percent(row.amount.low, most)};--wide:{wide}"></i>'
    )
    if mark is not None:
        pieces.append(f'<i class="mark" style="--from:{_percent(mark, most)}"></i>')
    label = f"<b>{escape(row.label)}</b>" if row.strong else escape(row.label)
    return (
        f'<li class="bar" tabindex="0" aria-label="{escape(said)}" title="{escape(said)}">'
        f'<span>{label}</span><span class="track" aria-hidden="true">{"".join(pieces)}</span>'
        f'<span class="money">{likely}</span></li>'
    )


def _key(names: Sequence[str], mark: Decimal | None) -> str:
    tones = [
        f'<li><span class="t-{tone}"></span>{escape(name)}</li>'
        for tone, name in zip("abcd", names, strict=False)
    ]
    tones.append('<li><span class="thin"></span>low to high</li>')
    if mark is not None:
        tones.append(f'<li><span class="reach"></span>{mark:,} USD</li>')
    return f'<ul class="key">{"".join(tones)}</ul>'


def _percent(part: Decimal, of: Decimal) -> str:
    return f"{(part / of * 100).quantize(Decimal('0.01'))}%"
