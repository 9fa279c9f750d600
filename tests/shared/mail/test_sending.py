"""Letters arrive at real servers, and what does not arrive is said."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import pytest
import trustme

from shared.mail.base import Letter, Mailer, MailRefused, MailUnavailable
from shared.mail.folder import FolderMailer, file_name, letters
from shared.mail.ses import SesMailer
from shared.mail.smtp import SmtpMailer
from tests.support.moto import moto_server
from tests.support.servers import free_port
from tests.support.smtp import LOGIN, Server, smtp_server

SENDER = "no-reply@example.com"
MakeLetter = Callable[..., Letter]


@dataclass(frozen=True)
class Trust:
    """A certificate for the server, and what trusts it."""

    options: tuple[str, ...]
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert"))
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Trust(("--cert", str(folder / "cert"), "--key", str(folder / "key")), client)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with smtp_server(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory, trust: Trust) -> Iterator[Server]:
    options = (*trust.options, "--login")
    with smtp_server(tmp_path_factory.mktemp("starts"), *options) as server:
        yield server


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, trust: Trust) -> Iterator[Server]:
    options = (*trust.options, "--tls-first")
    with smtp_server(tmp_path_factory.mktemp("secure"), *options) as server:
        yield server


def smtp(server: Server, **options: object) -> Mailer:
    return SmtpMailer(SENDER, host="127.0.0.1", port=server.port, timeout_s=10, **options)  # type: ignore[arg-type]  # a test names them


async def test_a_server_near_by_takes_it_plain(plain: Server, make_letter: MakeLetter) -> None:
    await smtp(plain, plain_is_fine=True).send(make_letter())
    taken = plain.taken()[-1]
    assert (taken.sender, taken.recipients) == (SENDER, ["ann@example.com"])
    assert taken.message["Subject"] == make_letter().subject
    body = taken.message.get_body(("plain",))
    assert body is not None
    # A line with a dot alone would end the letter, if it were not doubled on its way.
    assert body.get_content().replace("\r\n", "\n") == make_letter().text


async def test_starttls_and_a_login(starts: Server, trust: Trust, make_letter: MakeLetter) -> None:
    await smtp(starts, login=LOGIN, tls=trust.client).send(make_letter())
    assert starts.taken()[-1].secure


async def test_tls_first(secure: Server, trust: Trust, make_letter: MakeLetter) -> None:
    await smtp(secure, tls_first=True, tls=trust.client).send(make_letter())
    assert secure.taken()[-1].sender == SENDER


async def test_a_server_without_tls_gets_neither_letter_nor_password(
    plain: Server, make_letter: MakeLetter
) -> None:
    before = len(plain.taken())
    for options in ({}, {"login": LOGIN, "plain_is_fine": True}):
        with pytest.raises(MailUnavailable):
            await smtp(plain, **options).send(make_letter())
    assert len(plain.taken()) == before


async def test_a_server_that_nobody_vouches_for_gets_nothing(
    starts: Server, secure: Server, make_letter: MakeLetter
) -> None:
    before = len(starts.taken()) + len(secure.taken())
    with pytest.raises(MailUnavailable):
        await smtp(starts, login=LOGIN).send(make_letter())
    with pytest.raises(MailUnavailable):
        await smtp(secure, tls_first=True).send(make_letter())
    assert len(starts.taken()) + len(secure.taken()) == before


async def test_a_wrong_password_may_be_mended(
    starts: Server, trust: Trust, make_letter: MakeLetter
) -> None:
    mailer = smtp(starts, login=("user", "wrong"), tls=trust.client)
    with pytest.raises(MailUnavailable, match="535"):
        await mailer.send(make_letter())


@pytest.mark.parametrize(
    ("to", "error"),
    [("later@example.com", MailUnavailable), ("never@example.com", MailRefused)],
)
async def test_what_the_server_says_decides_whether_to_try_again(
    plain: Server, make_letter: MakeLetter, to: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"45|55"):
        await smtp(plain, plain_is_fine=True).send(make_letter(to=to))


async def test_no_server_is_tried_again(make_letter: MakeLetter) -> None:
    mailer = SmtpMailer(SENDER, host="127.0.0.1", port=free_port(), plain_is_fine=True)
    with pytest.raises(MailUnavailable, match="cannot be used"):
        await mailer.send(make_letter())


async def test_a_server_that_says_nothing_is_given_up(make_letter: MakeLetter) -> None:
    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mailer = SmtpMailer(SENDER, host="127.0.0.1", port=port, plain_is_fine=True, timeout_s=0.2)
    with pytest.raises(MailUnavailable):
        await mailer.send(make_letter())
    server.close()


def test_the_servers_refusals_are_real(plain: Server) -> None:
    with (
        smtplib.SMTP("127.0.0.1", plain.port) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.sendmail(SENDER, ["never@example.com"], b"x")


async def test_a_folder_has_a_file_a_letter(tmp_path: Path, make_letter: MakeLetter) -> None:
    mailer = FolderMailer(tmp_path / "mail", SENDER)
    letter = make_letter()
    await mailer.send(letter)
    await mailer.send(letter)
    (path,) = letters(tmp_path / "mail")
    assert path.name == file_name(letter)
    assert path.read_bytes() == letter.mime(SENDER).as_bytes()
    assert path.stat().st_mode & 0o077 == 0


async def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, make_letter: MakeLetter
) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(MailUnavailable, match="FORTRESS_MAIL_URL"):
        await FolderMailer(tmp_path / "mail", SENDER).send(make_letter())


@pytest.fixture(scope="module")
def ses() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, moto_server() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("sesv2", region_name="eu-central-1", endpoint_url=url)
        client.create_email_identity(EmailIdentity="example.com")
        yield url


async def test_ses_gets_the_whole_letter(ses: str, make_letter: MakeLetter) -> None:
    mailer = SesMailer(SENDER, region="eu-central-1", endpoint=ses)
    await mailer.send(make_letter())
    await mailer.close()
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{ses}/moto-api/data.json")).json()
    (sent,) = [each for part in found.values() for each in part.get("RawMessage", [])]
    assert sent["source"] == SENDER
    assert make_letter().message_id in sent["raw_data"]


async def test_ses_out_of_reach_is_tried_again(make_letter: MakeLetter, ses: str) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert ses
    mailer = SesMailer(SENDER, region="eu-central-1", endpoint=nowhere)
    with pytest.raises(MailUnavailable):
        await mailer.send(make_letter())
    await mailer.close()


async def test_ses_refuses_a_sender_that_was_not_proved(ses: str, make_letter: MakeLetter) -> None:
    mailer = SesMailer("no-reply@other.example", region="eu-central-1", endpoint=ses)
    with pytest.raises(MailRefused):
        await mailer.send(make_letter())
    await mailer.close()
