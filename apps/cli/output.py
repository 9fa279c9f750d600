"""What commands print: for people, or one JSON document on stdout and nothing else."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def examples(*lines: str) -> str:
    """The foot of a help text."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{escape(x)}[/cyan]" for x in lines)])


def document(value: Any) -> None:
    """Print JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def facts(values: Mapping[str, object], note: str = "") -> None:
    """Print names and values. Values are never wrapped, so that they can be copied whole."""
    console = Console(highlight=False)
    width = max(map(len, values), default=0)
    for name, value in values.items():
        console.print(f"[dim]{name:<{width}}[/dim]  {escape(str(value))}", soft_wrap=True)
    if note:
        console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. No cell is cut or wrapped: a token that is printed once must be whole."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    console = Console(highlight=False)
    for number, row in enumerate([list(columns), *cells]):
        line = "  ".join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        )
        style = "bold" if number == 0 else None
        console.print(escape(line.rstrip()), style=style, soft_wrap=True)


def complain(sentence: str) -> None:
    """Say on stderr what went wrong."""
    Console(stderr=True, highlight=False).print(f"[red]{escape(sentence)}[/red]", soft_wrap=True)


def say(sentence: str) -> None:
    """Say something to people, on stderr, where it disturbs no document."""
    Console(stderr=True, highlight=False).print(escape(sentence), soft_wrap=True)
