"""Signing in to MySQL by password without TLS: the password goes under the server's key."""

import asyncio
import base64
import socket

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pymysql.err import OperationalError

from shared.db import driver
from shared.db.oaep import KeyRefused, encrypt, public_key, sign_in_secret
from tests.standins import mysql_wire as wire
from tests.standins.listening import HOST, listening

PASSWORD = "hunter22-größer"
FULL, KEY, ASK_KEY = b"\x01\x04", b"\x01", b"\x02"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


class Sha2Server:
    """Asks for `caching_sha2_password`, knows nobody, and so wants the password under its key."""

    def __init__(self, key: bytes) -> None:
        self.port = 0
        self.key = key
        self.first = b""
        self.secret = b""

    async def serve(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        hello = wire.greeting(version="8.4.0", offers_tls=False, plugin="caching_sha2_password")
        await loop.sock_sendall(sock, hello.encode())
        login = await wire.receive(sock)
        self.first = wire.parse_login(login.payload).password
        await loop.sock_sendall(sock, wire.Packet(login.seq + 1, FULL).encode())
        asked = await wire.receive(sock)
        assert asked.payload == ASK_KEY
        await loop.sock_sendall(sock, wire.Packet(asked.seq + 1, KEY + self.key).encode())
        answer = await wire.receive(sock)
        self.secret = answer.payload
        denied = wire.error(answer.seq + 1, wire.ACCESS_DENIED, "seen enough")
        await loop.sock_sendall(sock, denied.encode())


def unmixed(data: bytes) -> bytes:
    """What was mixed with the salt that the server asked with."""
    return bytes(byte ^ wire.SALT[place % 20] for place, byte in enumerate(data))


async def test_the_password_reaches_a_mysql_server_under_its_key(key: rsa.RSAPrivateKey) -> None:
    async with listening(Sha2Server(pem(key.public_key()))) as server:
        with pytest.raises(OperationalError, match="seen enough"):
            await driver.connect(host=HOST, port=server.port, user="a", password=PASSWORD)
    assert unmixed(key.decrypt(server.secret, OAEP)) == PASSWORD.encode("latin1") + b"\0"
    assert len(server.first) == 32


async def test_a_server_with_an_unusable_key_is_not_signed_in_to() -> None:
    async with listening(Sha2Server(b"no key at all")) as server:
        with pytest.raises(OperationalError, match="public key is malformed"):
            await driver.connect(host=HOST, port=server.port, user="a", password=PASSWORD)
    assert server.secret == b""


@pytest.mark.parametrize("bits", [2_048, 3_072])
@pytest.mark.parametrize("length", [0, 1, 20, 21, 80])
def test_what_is_encrypted_can_be_decrypted_by_the_server_alone(bits: int, length: int) -> None:
    private = rsa.generate_private_key(65_537, bits)
    password = bytes(range(1, 256))[:length]
    sent = sign_in_secret(password, wire.SALT + b"\0", pem(private.public_key()))
    assert unmixed(private.decrypt(sent, OAEP)) == password + b"\0"


def test_two_sign_ins_look_different(key: rsa.RSAPrivateKey) -> None:
    public = pem(key.public_key())
    first, second = (sign_in_secret(b"same", wire.SALT, public) for _ in range(2))
    assert first != second


def test_a_password_too_long_for_the_key_is_refused(key: rsa.RSAPrivateKey) -> None:
    numbers = key.public_key().public_numbers()
    assert len(encrypt(bytes(214), numbers.n, numbers.e)) == 256
    with pytest.raises(KeyRefused, match="too short for a password of 215 bytes"):
        encrypt(bytes(215), numbers.n, numbers.e)


async def test_a_server_with_a_key_that_can_be_broken_does_not_get_the_password() -> None:
    short = rsa.generate_private_key(65_537, 1_024)
    async with listening(Sha2Server(pem(short.public_key()))) as server:
        with pytest.raises(OperationalError, match="has 1024 bits, 2048 at least: give the server"):
            await driver.connect(host=HOST, port=server.port, user="a", password=PASSWORD)
    assert server.secret == b""


@pytest.mark.parametrize(
    ("bits", "why"),
    [(2_047, "has 2047 bits, 2048 at least"), (8_193, "has 8193 bits, 8192 at most")],
)
def test_a_key_is_neither_short_nor_long(bits: int, why: str) -> None:
    with pytest.raises(KeyRefused, match=why):
        public_key(pem(rsa.RSAPublicNumbers(65_537, 2 ** (bits - 1) + 1).public_key()))


@pytest.mark.parametrize("bits", [2_048, 8_192])
def test_the_shortest_and_the_longest_are_taken(bits: int) -> None:
    modulus = 2 ** (bits - 1) + 1
    assert public_key(pem(rsa.RSAPublicNumbers(65_537, modulus).public_key())) == (modulus, 65_537)


@pytest.mark.parametrize(
    "key",
    [
        pem(ec.generate_private_key(ec.SECP256R1()).public_key()),
        pem(rsa.RSAPublicNumbers(2**32 + 1, 2**2_047 + 1).public_key()),
        pem(rsa.RSAPublicNumbers(65_537, 2**16_384 + 1).public_key()),
    ],
    ids=["another kind", "a long exponent", "huge"],
)
def test_an_unreasonable_key_is_refused(key: bytes) -> None:
    with pytest.raises(KeyRefused):
        public_key(key)


@pytest.mark.parametrize("cut", range(0, 270, 9))
def test_a_key_that_is_cut_off_is_refused(key: rsa.RSAPrivateKey, cut: int) -> None:

    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = base64.b64encode(der[:cut])
    with pytest.raises(KeyRefused):
        public_key(b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n")
