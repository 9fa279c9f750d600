"""What a file of one public key must be: the type, its strength, and whose it is.

Pure, and of Python alone: it also runs where the image is built. The form of the keys is that of
RFC 4253 (section 6.6), RFC 8709 and OpenSSH's PROTOCOL.u2f.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LARGEST_FILE = 8192  # RSA of 16,384 bits, the most that OpenSSH takes, fills a third
LEAST_RSA_BITS = 3072  # 128 bits of security, as the other types have: NIST SP 800-57
PERSON = re.compile(r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*")
LONGEST_PERSON = 64
TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
SECRET = (b"PRIVATE KEY-----", b"PuTTY-User-Key-File", b"SSH PRIVATE KEY FILE")


class BadKeyError(Exception):
    """A file is not what it has to be. The text goes on after the file's name."""


@dataclass(frozen=True)
class PublicKey:
    """A key that may be listed. `material` is its base64, which no two people have in common."""

    person: str
    type: str
    material: str
    comment: str

    def __str__(self) -> str:
        return f"{self.type} {self.material} {self.comment}"


def refuse_private(content: bytes) -> None:
    """Raise `BadKeyError` when a private key of any usual form is in it."""
    if any(mark in content for mark in SECRET):
        raise BadKeyError("is a private key: it is no longer secret, so throw that pair away")


def read(person: str, content: bytes) -> PublicKey:
    """The key in the file `<person>.pub`. Raises `BadKeyError` with what is wrong first."""
    refuse_private(content)
    if len(person) > LONGEST_PERSON or not PERSON.fullmatch(person):
        raise BadKeyError("is no name for a key file: <person>.pub in small letters, digits, . -")
    kind, material, comment = _words(_line(content))
    _check_material(kind, material)
    if comment != person and not comment.startswith(f"{person}@"):
        raise BadKeyError(f"says that the key is {comment}'s: make it {person} or {person}@…")
    return PublicKey(person, kind, material, comment)


def _line(content: bytes) -> str:
    """The only line, without its end."""
    if b"\r" in content:
        raise BadKeyError("has carriage returns: save it with Unix line ends")
    if len(content) > LARGEST_FILE:
        raise BadKeyError("is too large for a public key")
    text = content.decode("ascii", "replace").removesuffix("\n")
    if not text.strip():
        raise BadKeyError("is empty")
    if text.startswith("---- BEGIN SSH2"):
        raise BadKeyError("is in the form of RFC 4716: convert it with ssh-keygen -i -f")
    if "\n" in text:
        raise BadKeyError("has more than one line: one key a file, and nothing else")
    if not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
        raise BadKeyError("has characters that no key has")
    return text


def _words(line: str) -> tuple[str, str, str]:
    """Type, base64 and comment."""
    words = line.split(" ")
    if not TYPE.fullmatch(words[0]):
        if any(TYPE.fullmatch(word) for word in words):
            raise BadKeyError(
                "has options of its own: the type comes first, options are added later"
            )
        raise BadKeyError("is not a public key: type, base64 and comment on one line")
    if len(words) == 2 or words[2:] == [""]:
        raise BadKeyError("has no comment: it says whose key it is")
    if len(words) != 3:
        raise BadKeyError("is not type, base64 and comment with one space between them")
    return words[0], words[1], words[2]


class Fields:
    """The fields of a key on the wire, each with its length before it."""

    def __init__(self, material: str) -> None:
        try:
            self._rest = base64.b64decode(material, validate=True)
        except binascii.Error:
            raise BadKeyError("is damaged: its base64 is none") from None
        if base64.b64encode(self._rest).decode() != material:
            raise BadKeyError("is damaged: its base64 is none")

    def take(self) -> bytes:
        length = int.from_bytes(self._rest[:4])
        field, self._rest = self._rest[4 : 4 + length], self._rest[4 + length :]
        if len(field) != length or not length:
            raise BadKeyError("is damaged: it is cut off")
        return field

    def number(self) -> int:
        """A positive number in the one form that it has."""
        field = self.take()
        value = int.from_bytes(field)
        if field != value.to_bytes(value.bit_length() // 8 + 1):
            raise BadKeyError("is damaged: a number in it is not in its form")
        return value

    def end(self) -> None:
        if self._rest:
            raise BadKeyError("is damaged: something follows the key")


def _check_material(kind: str, material: str) -> None:
    if kind not in KINDS:
        weak = "weak, " if kind == "ssh-dss" else ""
        raise BadKeyError(f"is {weak}of type {kind}: {TAKEN}")
    fields = Fields(material)
    if fields.take() != kind.encode():
        raise BadKeyError(f"is damaged: it says {kind} and holds another type")
    KINDS[kind](fields)
    fields.end()


def _check_ed25519(fields: Fields) -> None:
    if len(fields.take()) != 32:
        raise BadKeyError("is damaged: an ed25519 key has 32 bytes")


def _check_rsa(fields: Fields) -> None:
    exponent, modulus = fields.number(), fields.number()
    bits = modulus.bit_length()
    if bits < LEAST_RSA_BITS:
        raise BadKeyError(f"is weak: RSA of {bits} bits, {LEAST_RSA_BITS} at least")
    if exponent < 65537 or not exponent % 2 or not modulus % 2:
        raise BadKeyError("is weak: RSA whose exponent or modulus no generator makes")


def _check_token_ed25519(fields: Fields) -> None:
    _check_ed25519(fields)
    _check_application(fields)


def _check_token_ecdsa(fields: Fields) -> None:
    curve, point = fields.take(), fields.take()
    if curve != b"nistp256" or len(point) != 65 or point[0] != 4:
        raise BadKeyError("is damaged: its point is not one of nistp256")
    _check_application(fields)


def _check_application(fields: Fields) -> None:
    if not fields.take().startswith(b"ssh:"):
        raise BadKeyError("was made on a token for something else than ssh")


KINDS: Final[dict[str, Callable[[Fields], None]]] = {
    "ssh-ed25519": _check_ed25519,
    "sk-ssh-ed25519@openssh.com": _check_token_ed25519,
    "sk-ecdsa-sha2-nistp256@openssh.com": _check_token_ecdsa,
    "ssh-rsa": _check_rsa,
}
TAKEN = "take ed25519 (ssh-keygen -t ed25519), ed25519-sk, ecdsa-sk, or RSA of 3072 bits"
