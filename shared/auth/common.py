"""Which passwords are common: what guessing begins with.

NIST SP 800-63B (rev. 4, 3.1.1.2) asks that a whole password be compared with a list of common and
expected ones. No list that may be copied and is long enough at 15 characters was at hand, so this
one is made by a rule. A password is common when all of it is

- words of `WORDS` (or that are about this person), one or several, in any case, with letters
  written as digits or signs, whatever separates them, and with something predictable before, after
  and between them: up to four digits or signs, or one of the next two kinds;
- a piece that comes again and again: `abcabcabcabcabc`, `passwordpassword`;
- walks of three or more along the keyboard, the alphabet or the digits, there or back;
- digits, up to twelve: a day, a telephone's number.

The words were written down for this project from what is known of leaked passwords: no list was
copied.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Final

WORDS: Final = frozenset(
    """
    aaron abc access account admin administrator adobe adrian airplane alex alexander alexis
    alice amanda america american andrea andrew angel angela angels animal anthony apple april
    arsenal asdf ashley august austin autumn azerty baby babygirl bailey banana barcelona
    baseball basketball batman beautiful bella benjamin berlin bitcoin blahblah blessed blink
    blue bonnie boston brandon brazil bubbles buddy buster butterfly calvin camaro canada
    captain carlos change changeme charles charlie cheese chelsea cherry chester chicago
    chicken chocolate chris christian christmas church classic coffee compaq computer connect
    cookie cookies cooper correcthorsebatterystaple cowboys cristiano crystal dakota dallas
    daniel daniela darkness david december default demo denver diamond diana dolphin dolphins
    donald dragon dragonball eagle eagles easter edward elephant elizabeth emma england enter
    everton everything family fender ferrari fish flower flowers football forever forgot
    france francisco freedom friday friend friends fuck fuckoff fuckyou gabriel gandalf
    garfield gateway gemini george germany ginger girl god goddess godzilla golden golf google
    gordon guest guitar hahaha halloween hammer hannah happiness happy hardcore harley harry
    heather heaven hello helpme hockey holiday home honda hottie house hunter iamthebest
    icecream iloveu iloveyou imissyou india internet isabella jackson jacob jaguar james
    january jasmine jason jennifer jessica jesus jordan joseph joshua july june junior justin
    karina kevin killer king kitten kitty lakers laura lauren letmein liberty lincoln
    liverpool login logitech london loulou love lovely loveme lover loveyou lucky madison
    maggie manager manchester marina mario marlboro martin master matrix matthew maverick
    maxwell maytheforcebewithyou mercedes merlin mexico michael michelle mickey midnight
    miller minecraft modem monday money monica monkey monster morgan mother mustang my
    mynameis mypassword mysecretpassword naruto natasha nathan neveryoumind newyork nicholas
    nicole nintendo nissan nopassword nothing november october office oliver openthedoor
    orange pa pakistan pass passphrase passw passwd password passwort patricia patrick peaches
    peanut pepper phoenix pikachu please pokemon police porsche power precious princess
    private public purple qazwsx qwe qwert qwerty qwertz rachel raiders rainbow ranger rangers
    real rebecca redsox richard robert ronaldo root rosebud router runescape russia samantha
    sample samsung samuel sandra saturday school scooter scorpion secret secure security
    september server service shadow shannon shopping silver simple skywalker slipknot smokey
    snoopy soccer sophie spain spiderman spring starwars steelers stella steven student summer
    sunday sunflower sunshine super superman superstar supervisor support sweet sweetheart
    sweety swimming sydney system taylor teacher temp temporary test tester testing thailand
    the theman thequickbrownfox this thisisapassword thisismypassword thomas thunder thursday
    tiger tigers tigger titanic tobeornottobe today tomorrow travis trinity trust trustno
    tuesday turkey turtle twitter unknown user valentina vampire vanessa veronica victoria
    viking vincent volkswagen warcraft warrior washington webmaster wednesday welcome whatever
    william windows winner winston winter wizard work world xbox yamaha yankees yellow you
    your zxcv
    """.split()  # noqa: SIM905 - as a page of words it can be read
)
_SIGNS: Final = str.maketrans("013457@$!|+8", "oieastasilte")
_WALKS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "`1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "!@#$%^&*()_+",
    "qwertzuiop",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "zaq12wsxcde34rfvbgt56yhnmju78ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "147258369",
    "159357",
)
_STEPS: Final = frozenset(
    a + b for walk in _WALKS for way in (walk, walk[::-1]) for a, b in pairwise(way)
)
_SHORTEST_WALK: Final = 3
_LONGEST_PERIOD: Final = 10
_LONGEST_DIGITS: Final = 12
_LONGEST_GAP: Final = 4
_SEPARATORS: Final = re.compile(r"[\s._,;:/-]+")
_NO_LETTERS: Final = re.compile(r"[\W\d_]*")


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Whether all of `password` is something common, or `about` whoever has it: their name,
    address, the site.
    """
    text = unicodedata.normalize("NFKC", password).casefold()
    if _is_predictable(text) or (text.isdecimal() and len(text) <= _LONGEST_DIGITS):
        return True
    return _is_made_of(_SEPARATORS.sub("", text), WORDS | _words(about))


def _is_predictable(text: str) -> bool:
    return _repeats(text) or _walks(text)


def _repeats(text: str) -> bool:
    """Whether a beginning of up to ten characters comes again until the end, twice at least."""
    longest = min(_LONGEST_PERIOD, len(text) // 2)
    return any(text[period:] == text[:-period] for period in range(1, longest + 1))


def _walks(text: str) -> bool:
    """Whether the text falls into walks of three or more, each from key to key."""
    run = 1
    for a, b in pairwise(text):
        if a + b in _STEPS or a == b:
            run += 1
        elif run < _SHORTEST_WALK:
            return False
        else:
            run = 1
    return run >= _SHORTEST_WALK


def _is_made_of(text: str, words: Collection[str]) -> bool:
    """Whether all of the text is words, with what is predictable before, between and after."""
    longest = max(map(len, words))
    # A sign is a letter in one reading; in the other it parts words.
    read = text.translate(_SIGNS)
    words_end: set[int] = set()
    gaps_end: set[int] = set()
    for at in range(len(text)):
        if at == 0 or at in words_end:
            gaps_end |= _gaps(text, at)
        if at == 0 or at in words_end or at in gaps_end:
            ends = range(at + 1, min(at + longest, len(text)) + 1)
            words_end |= {end for end in ends if text[at:end] in words or read[at:end] in words}
    return bool(words_end) and len(text) in words_end | gaps_end


def _gaps(text: str, at: int) -> set[int]:
    """Where something predictable without letters that begins here may end."""
    found = _NO_LETTERS.match(text, at)
    assert found is not None  # it takes nothing, too
    whole = found.end()
    ends = set(range(at + 1, min(at + _LONGEST_GAP, whole) + 1))
    return ends | ({whole} if whole > at and _is_predictable(text[at:whole]) else set())


def _words(about: Iterable[str]) -> set[str]:
    """What somebody is called, whole and in parts of three letters or more."""
    found: set[str] = set()
    for text in about:
        plain = unicodedata.normalize("NFKC", text).casefold()
        parts = re.findall(r"[^\W\d_]+", plain)
        found |= {part for part in parts if len(part) >= 3} | {"".join(parts)}
        found.add("".join(re.findall(r"[^\W\d_]+", plain.partition("@")[0])))
    return found - {""}
