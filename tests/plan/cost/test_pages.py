from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest

from infra.plan import compute, prices, report
from infra.plan.load import preset
from infra.plan.pages import compute as compute_page
from infra.plan.pages import cost as cost_page
from infra.plan.report import Report
from tests.plan.cost.full import written

EMPTY = {"meta", "link", "br", "line", "circle", "img"}


class Reader(HTMLParser):
    """What a page is made of; fails where a tag is not closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = written(tmp_path_factory.mktemp("synth"))
    return report.reckon("production", preset("articles"), folder=folder)


@pytest.fixture(scope="module", params=["cost", "compute"])
def page(request: pytest.FixtureRequest, made: Report) -> str:
    table = prices.load()
    choice = compute.choose(compute.Workload(), table)
    pages = {"cost": cost_page.render(made), "compute": compute_page.render(choice, table)}
    return pages[request.param]


def test_every_tag_is_closed(page: str) -> None:
    assert read(page).named("main")


def test_a_page_loads_nothing(page: str) -> None:
    reader = read(page)
    assert not [x for x in ("script", "link", "img", "iframe") if reader.named(x)]
    addresses = [x.get(name) for _, x in reader.seen for name in ("src", "href")]
    assert all(address is None or address.startswith("#") for address in addresses)
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_has_its_place(page: str) -> None:
    reader = read(page)
    places = {attributes.get("id") for _, attributes in reader.seen}
    assert all(str(link["href"])[1:] in places for link in reader.named("a"))


def test_every_chart_has_a_title_and_a_unit(page: str) -> None:
    figures = page.split("<figure>")[1:]
    assert figures
    assert all("<figcaption>" in figure.split("</figure>")[0] for figure in figures)
    assert all("USD" in figure.split("</figure>")[0] for figure in figures)


def test_every_bar_can_be_reached_and_says_its_amount(page: str) -> None:
    bars = [x for x in read(page).named("li") if x.get("class") == "bar"]
    assert bars
    assert all(bar["tabindex"] == "0" and "from" in str(bar["aria-label"]) for bar in bars)


def test_every_table_scrolls_by_keyboard_and_has_a_name(page: str) -> None:
    frames = [x for x in read(page).named("div") if str(x.get("class")).startswith("scroll")]
    assert len(frames) == page.count("<table>")
    assert all(x["tabindex"] == "0" and x["role"] == "region" for x in frames)


def test_a_page_is_for_light_and_dark_and_for_phones(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert "max-width: 40rem" in page
    assert 'name="viewport"' in page


def test_every_point_of_the_lines_says_what_it_is(made: Report) -> None:
    points = [x for x in read(cost_page.render(made)).named("g") if x.get("class") == "point"]
    assert len(points) == 4 * 7
    assert all(" USD" in str(point["aria-label"]) for point in points)


def test_a_name_cannot_write_into_the_page(made: Report) -> None:
    load = msgspec.structs.replace(made.bill.load, name="<script>alert(1)</script>")
    shown = cost_page.render(replace(made, bill=replace(made.bill, load=load)))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
