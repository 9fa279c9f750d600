"""The frame of a page, its tables and its figures."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("style.css")


def page(
    title: str,
    lead: str,
    sections: Sequence["tuple[str, str, str]"],
    foot: str,
    *,
    style: str = "",
    script: str = "",
) -> str:
    """One document. `sections`: id, heading and body of each; an empty heading has none.

    `style` comes after the common one, `script` (elements) at the end.
    """
    links = "".join(f'<li><a href="#{i}">{escape(h)}</a></li>' for i, h, _ in sections if h)
    bodies = "".join(_section(*section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text('utf-8')}{style}</style>\n</head>\n"
        '<body>\n<a class="skip" href="#main">Skip to the content</a>\n'
        f"<header><h1>{escape(title)}</h1>{lead}"
        f'<nav aria-label="On this page"><ul>{links}</ul></nav></header>\n'
        f'<main id="main">\n{bodies}</main>\n<footer>{foot}</footer>\n{script}</body>\n</html>\n'
    )


def _section(name: str, heading: str, body: str) -> str:
    title = f'<h2 id="{name}">{escape(heading)}</h2>' if heading else ""
    return f"<section>{title}{body}</section>\n"


def paragraph(text: str, kind: str = "") -> str:
    return f"<p{_class(kind)}>{escape(text)}</p>"


def items(texts: Iterable[str]) -> str:
    return '<ul class="plain">' + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def facts(values: Iterable[tuple[str, str, str]]) -> str:
    """Figures to see first: what, the figure, what else belongs to it."""
    cards = (
        f'<div class="fact"><dt>{escape(what)}</dt>'
        f"<dd>{escape(figure)}<small>{escape(more)}</small></dd></div>"
        for what, figure, more in values
    )
    return f'<dl class="facts">{"".join(cards)}</dl>'


def figure(title: str, unit: str, chart: str, data: str) -> str:
    """A chart with its title, its unit and a table of its data."""
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><p class="unit">{escape(unit)}</p>'
        f"{chart}</figure><details><summary>Table of these figures</summary>{data}</details>"
    )


def folded(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def table(
    label: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    wide: Iterable[int] = (),
) -> str:
    """Cells are text. Columns in `right` hold numbers; those in `wide` do not get narrow."""
    kinds = dict.fromkeys(wide, "wide") | dict.fromkeys(right, "n")
    head = "".join(
        f'<th scope="col"{_class(kinds.get(n, ""))}>{escape(name)}</th>'
        for n, name in enumerate(columns)
    )
    body = "".join(row(cells, kinds) for cells in rows)
    return framed(label, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def row(cells: Sequence[str], kinds: dict[int, str], kind: str = "") -> str:
    first, *rest = cells
    others = "".join(
        f"<td{_class(kinds.get(n, ''))}>{escape(cell)}</td>" for n, cell in enumerate(rest, 1)
    )
    return (
        f'<tr{_class(kind)}><th scope="row"{_class(kinds.get(0, ""))}>{escape(first)}</th>'
        f"{others}</tr>"
    )


def framed(label: str, content: str, kind: str = "") -> str:
    """A table that scrolls by itself, by keyboard too, where it is wider than the page.

    `kind` "stack": on a phone its cells stand below each other instead.
    """
    kinds = f"scroll {kind}".strip()
    return (
        f'<div class="{kinds}" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table>{content}</table></div>"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
