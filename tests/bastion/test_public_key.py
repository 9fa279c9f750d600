"""Which files are taken for a public key, and the one sentence about any other."""

import base64

import pytest

from infra.bastion.public_key import BadKeyError, read


def material(*fields: bytes) -> str:
    """The base64 of a key with these fields."""
    wire = b"".join(len(field).to_bytes(4) + field for field in fields)
    return base64.b64encode(wire).decode()


def number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1)


def rsa(bits: int, exponent: int = 65537) -> str:
    return material(b"ssh-rsa", number(exponent), number((1 << bits) - 1))


POINT = b"\x04" + bytes(64)
ED25519 = material(b"ssh-ed25519", bytes(32))
TOKEN = "sk-ssh-ed25519@openssh.com"
OLD_TOKEN = "sk-ecdsa-sha2-nistp256@openssh.com"
TAKEN = {
    "ssh-ed25519": ED25519,
    TOKEN: material(TOKEN.encode(), bytes(32), b"ssh:"),
    OLD_TOKEN: material(OLD_TOKEN.encode(), b"nistp256", POINT, b"ssh:laptop"),
    "ssh-rsa": rsa(3072),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_key_of_a_good_type_is_taken_as_it_is(kind: str) -> None:
    line = f"{kind} {TAKEN[kind]} person"
    assert str(read("person", f"{line}\n".encode())) == line


@pytest.mark.parametrize("comment", ["first.last", "first.last@laptop"])
def test_the_comment_is_the_person_with_or_without_a_machine(comment: str) -> None:
    assert read("first.last", f"ssh-ed25519 {ED25519} {comment}".encode()).comment == comment


def fault(content: str | bytes, person: str = "person") -> str:
    raw = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(BadKeyError) as raised:
        read(person, raw)
    said = str(raised.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    "content",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\r\nMIIE\r\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\n",
        f"ssh-ed25519 {ED25519} person\n-----BEGIN PRIVATE KEY-----\n",
    ],
)
def test_a_private_key_is_refused_before_all_else(content: str) -> None:
    assert "is a private key: it is no longer secret" in fault(content)


@pytest.mark.parametrize(
    "options",
    ['command="/bin/sh" ', "no-pty ", 'permitopen="*:22",pty ', 'from="10.0.0.1" ', 'a="b c" '],
)
def test_options_of_its_own_are_refused(options: str) -> None:
    assert "options of its own" in fault(f"{options}ssh-ed25519 {ED25519} person\n")


@pytest.mark.parametrize("bits", [512, 1024, 2048, 3071])
def test_short_rsa_is_weak(bits: int) -> None:
    assert fault(f"ssh-rsa {rsa(bits)} person") == f"is weak: RSA of {bits} bits, 3072 at least"


@pytest.mark.parametrize("exponent", [1, 3, 65536])
def test_rsa_with_an_exponent_that_nobody_generates_is_weak(exponent: int) -> None:
    assert "is weak" in fault(f"ssh-rsa {rsa(3072, exponent)} person")


def test_dsa_is_weak() -> None:
    assert "is weak, of type ssh-dss" in fault(f"ssh-dss {material(b'ssh-dss')} person")


@pytest.mark.parametrize(
    "kind", ["ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed448", "ssh-rsa1"]
)
def test_another_type_is_refused_with_those_that_are_taken(kind: str) -> None:
    said = fault(f"{kind} {material(kind.encode())} person")
    assert f"is of type {kind}: take ed25519" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"ssh-ed25519 {ED25519} person\r\n", "carriage returns"),
        (f"ssh-ed25519 {ED25519} person\n\n", "more than one line"),
        (f"# mine\nssh-ed25519 {ED25519} person\n", "more than one line"),
        (f"ssh-ed25519 {ED25519} person\nssh-ed25519 {ED25519} person\n", "more than one line"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "RFC 4716"),
        ("hello", "is not a public key"),
        (b"\xff\xfe\x00s", "characters that no key has"),
        (f"ssh-ed25519 {ED25519} pers\x00on", "characters that no key has"),
        (f"ssh-ed25519 {ED25519}\tperson", "characters that no key has"),
        (f"ssh-ed25519 {ED25519} pers\u00f6n", "characters that no key has"),
        (f"ssh-ed25519 {ED25519}", "no comment"),
        (f"ssh-ed25519 {ED25519} ", "no comment"),
        ("ssh-ed25519", "is not type, base64 and comment"),
        (f"ssh-ed25519  {ED25519} person", "one space"),
        (f"ssh-ed25519 {ED25519} person laptop", "one space"),
        (f"ssh-ed25519 {ED25519} other", "says that the key is other's"),
        (f"ssh-ed25519 {ED25519} person2@laptop", "says that the key is person2@laptop's"),
        (f"ssh-ed25519 {ED25519[:-4]} person", "is damaged"),
        (f"ssh-ed25519 {ED25519}= person", "is damaged"),
        (f"ssh-ed25519 {ED25519[:-2]}! person", "is damaged"),
        (f"ssh-rsa {ED25519} person", "says ssh-rsa and holds another type"),
        (f"ssh-ed25519 {material(b'ssh-ed25519', bytes(31))} person", "32 bytes"),
        (f"ssh-ed25519 {material(b'ssh-ed25519', bytes(32), b'x')} person", "something follows"),
        (f"ssh-rsa {material(b'ssh-rsa', b'x', bytes(400))} person", "not in its form"),
        (f"ssh-ed25519 {'A' * 9000} person", "too large"),
    ],
)
def test_what_is_not_exactly_one_key_is_refused(content: str | bytes, said: str) -> None:
    assert said in fault(content)


def test_a_token_s_key_for_something_else_is_refused() -> None:
    web = material(TOKEN.encode(), bytes(32), b"https://example.com")
    assert "something else than ssh" in fault(f"{TOKEN} {web} person")


@pytest.mark.parametrize(
    "person", ["", "Person", "per son", ".person", "person-", "per_son", "../person", "p" * 65]
)
def test_a_file_has_a_plain_name(person: str) -> None:
    assert "is no name for a key file" in fault(f"ssh-ed25519 {ED25519} {person}", person)


def test_a_number_in_two_forms_is_damage() -> None:
    padded = material(b"ssh-rsa", number(65537), b"\x00" + number((1 << 3072) - 1))
    assert "not in its form" in fault(f"ssh-rsa {padded} person")
