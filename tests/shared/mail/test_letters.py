"""A letter is what was meant: nothing in it can become a header, and sent again it is the same."""

from collections.abc import Callable
from datetime import UTC
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from shared.mail.base import BadLetter, Letter, is_address, letter_of
from shared.mail.write import write

MakeLetter = Callable[..., Letter]
LINK = {
    "title": "Reset your password",
    "text": "Somebody asked for it.",
    "link": "https://administration.example.com/reset?token=a&b=c",
    "button": "Choose a password",
    "otherwise": "If it was not you, do nothing.",
}


def parsed(letter: Letter) -> EmailMessage:
    data = letter.mime("no-reply@example.com").as_bytes()
    return message_from_bytes(data, EmailMessage, policy=SMTP)


def test_it_says_what_it_was_given(make_letter: MakeLetter) -> None:
    letter = make_letter()
    message = parsed(letter)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert message["To"] == "ann@example.com"
    assert message["From"] == "Fortress <no-reply@example.com>"
    assert message["Subject"] == letter.subject
    assert message["Message-ID"] == letter.message_id
    assert message["Date"].datetime == letter.written.astimezone(UTC)
    assert message["Auto-Submitted"] == "auto-generated"
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == letter.text
    assert html is not None
    assert html.get_content().strip() == letter.html


def test_it_goes_through_servers_of_seven_bits(make_letter: MakeLetter) -> None:
    data = make_letter(text="é" * 2_000).mime("no-reply@example.com").as_bytes()
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def test_sent_again_it_has_the_same_bytes(make_letter: MakeLetter) -> None:
    one, other = make_letter(), letter_of(make_letter().values())
    assert one.mime("a@example.com").as_bytes() == other.mime("a@example.com").as_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@localhost",
        "ann@example.com\r\nBcc: all@example.com",
        "ann@example.com\n",
        "ann@example.com, bob@example.com",
        "ann@example.com;bob@example.com",
        "Ann <ann@example.com>",
        "<ann@example.com>",
        "ann@example.com>",
        '"ann x"@example.com',
        "ann(x)@example.com",
        "ann@[127.0.0.1]",
        "ann@exa mple.com",
        "ann@-example.com",
        "ann@example..com",
        ".ann@example.com",
        "änn@example.com",
        "ann@exämple.com",
        "ann\x00@example.com",
        "a" * 65 + "@example.com",
        "ann@" + "a" * 250 + ".com",
    ],
)
def test_what_is_no_plain_address_gets_no_letter(make_letter: MakeLetter, address: str) -> None:
    with pytest.raises(BadLetter):
        make_letter(to=address)


@pytest.mark.parametrize(
    "address", ["ann@example.com", "a.n+n@mail.example.com", "ann@xn--exmple-cua.com", "O'Ann@e.co"]
)
def test_usual_addresses_do(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize("subject", ["", "a\r\nBcc: x@example.com", "a\nb", "a\x00b", "a\u2028b"])
def test_a_subject_is_one_line(make_letter: MakeLetter, subject: str) -> None:
    with pytest.raises(BadLetter):
        make_letter(subject=subject)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200), subject=st.text(min_size=1, max_size=100))
def test_no_text_makes_a_header(make_letter: MakeLetter, text: str, subject: str) -> None:
    shown = "".join(char for char in subject if char.isprintable()) or "x"
    body = text.encode("utf-8", "replace").decode()
    message = parsed(make_letter(subject=shown, text=body, html=body))
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    assert set(message.keys()) == expected | {"MIME-Version", "Content-Type"}
    assert len(message.keys()) == len(set(message.keys()))


def test_a_template_gives_subject_text_and_html() -> None:
    subject, text, html = write("link", LINK)
    assert subject == "Reset your password"
    assert text.startswith("Somebody asked for it.\n\nChoose a password: https://administration.")
    assert "token=a&b=c" in text
    assert 'href="https://administration.example.com/reset?token=a&amp;b=c"' in html


def test_what_people_are_called_is_text_in_html_and_one_line_of_a_subject() -> None:
    name = "<script>alert(1)</script>\r\nBcc: x@example.com"
    subject, _, html = write("link", LINK | {"title": name, "text": name})
    assert subject == "<script>alert(1)</script>\\r"
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_long_subject_is_cut(make_letter: MakeLetter) -> None:
    subject, _, _ = write("link", LINK | {"title": "x" * 1_000})
    assert make_letter(subject=subject).subject.endswith("…")


@pytest.mark.parametrize("missing", list(LINK))
def test_what_a_template_needs_must_be_given(missing: str) -> None:
    with pytest.raises(UndefinedError):
        write("link", {name: value for name, value in LINK.items() if name != missing})


def test_facts_are_listed() -> None:
    values = {"title": "New device", "text": "You signed in.", "facts": [("From", "192.0.2.1")]}
    _, text, html = write("notice", values)
    assert "From: 192.0.2.1" in text
    assert "<dd" in html
