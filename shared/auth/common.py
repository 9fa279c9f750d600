"""Which passwords are common: what guessing begins with.

NIST SP 800-63B (rev. 4, 3.1.1.2) asks that a whole password be compared with a list of common and
expected ones. No list that may be copied and is long enough at 15 characters was at hand, so this
one is made by a rule. A password is common when all of it is

- one or two of `WORDS` (or of the words that are about this person), in any case, with letters
  written as digits or signs, whatever separates them, and with a predictable beginning or end:
  up to four characters, or one of the next two kinds;
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
_LONGEST_END: Final = 4
_SEPARATORS: Final = re.compile(r"[\s._,;:/-]+")
_ENDS: Final = re.compile(r"(?P<begin>[\W\d_]*)(?P<core>.*?)(?P<end>[\W\d_]*)", re.DOTALL)


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Whether all of `password` is something common, or `about` whoever has it: their name,
    address, the site.
    """
    text = unicodedata.normalize("NFKC", password).casefold()
    if _is_predictable(text) or (text.isdecimal() and len(text) <= _LONGEST_DIGITS):
        return True
    words = WORDS | _words(about)
    found = _ENDS.fullmatch(text)
    assert found is not None  # it takes any text
    ends = (_SEPARATORS.sub("", found["begin"]), _SEPARATORS.sub("", found["end"]))
    if not all(len(end) <= _LONGEST_END or _is_predictable(end) for end in ends):
        return False
    core = _SEPARATORS.sub("", found["core"])
    # A sign is a letter in one reading; in the other it parts an address.
    return any(_is_two_of(form, words) for form in (core.replace("@", ""), core.translate(_SIGNS)))


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


def _is_two_of(text: str, words: Collection[str]) -> bool:
    if text in words:
        return True
    return any(text[:at] in words and text[at:] in words for at in range(1, len(text)))


def _words(about: Iterable[str]) -> set[str]:
    """What somebody is called, whole and in parts of three letters or more."""
    found: set[str] = set()
    for text in about:
        plain = unicodedata.normalize("NFKC", text).casefold()
        parts = re.findall(r"[^\W\d_]+", plain)
        found |= {part for part in parts if len(part) >= 3} | {"".join(parts)}
        found.add("".join(re.findall(r"[^\W\d_]+", plain.partition("@")[0])))
    return found - {""}
