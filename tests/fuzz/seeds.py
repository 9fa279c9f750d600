"""What devices really send, and what they were seen to send wrongly, to begin from."""

from tests.fuzz.oracle import HELLO, PROFILES
from tests.fuzz.reference import NOW

ROOM = b'{"s":%d,"t":%d,"v":{"temp":21.5,"hum":44.25,"co2":612,"ok":true}}'
STREAMS = (
    b"".join(ROOM % (n, NOW + n * 1000) + b"\n" for n in range(1, 6)),
    b'{"s":1,"t":1763740801000,"v":{"temp":21.5,"door":false,"state":"idle"}}\n',
    b'{"s":1,"v":{"temp":0.6,"co2":1,"far":1e18}}\n{"s":2,"v":{"temp":1,"co2":0}}\n',
    b'{"s":3,"v":{"m0":1,"m1":2.5,"m63":-3}}\n{"s":4,"v":{"m0":1}}\n{"s":4,"v":{"m0":1}}\n',
    b'{"s":4713,"t":1763740802000,"e":"session.completed","d":{"kwh":"10.52","minor":473}}\n',
    b'{"s":2,"e":"started"}\n{"p":7}\n{"p":8}\n\n \r\n{"s":9,"e":"go","d":{"to":[1,{"a":null}]}}\n',
    b'{"s":1,"v":{"state":"\\u0041\\"\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80"}}\n',
    b'{"s":1,"v":{"temp":-0}}\n{"s":2,"v":{"temp":1E2}}\n{"s":3,"v":{"temp":9007199254740993}}\n',
    b'{"s":1,"v":{"temp":1,"temp":2}}\n{"s":2,"s":3,"v":{"temp":1}}\n{"s":4,"v":{"a":[1]}}\n',
    b'{"c":"cmd_01J","st":"ok","d":{"on":true}}\n{"device":"x","boot":1,"s":1,"v":{"temp":1}}\n',
    b'{"s":1,"t":999999999999999,"v":{"temp":1}}\n{"s":2,"t":1,"v":{"temp":1}}\n{"v":{"temp":1}}\n',
    b"%%\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01\x02\x00\n\xff\xfe\x00\n",
    b"no\n" * 22,
    b'{"s":1,"v":{"state":"' + b"x" * 256 + b'"}}\n{"s":2,"v":{"state":"' + b"x" * 257 + b'"}}\n',
    b'{"s":1,"v":{' + b",".join(b'"m%d":%d' % (n, n) for n in range(64)) + b"}}\n",
    b'{"s":1,"e":"deep","d":' + b'{"a":' * 23 + b"1" + b"}" * 23 + b"}\n",
)
# Bit 4 of the head: without a hello that was read before.
UNGREETED = 16


def seeds() -> list[bytes]:
    """Inputs: each stream with some profiles, and behind a hello."""
    found = [
        bytes((number, at, 1)) + stream
        for at, stream in enumerate(STREAMS)
        for number in (0, at % len(PROFILES), (at + 3) % len(PROFILES) | 8)
    ]
    found += [bytes((UNGREETED, at, 2)) + HELLO + stream for at, stream in enumerate(STREAMS[:4])]
    found.append(bytes((UNGREETED, 0, 0)) + HELLO[:30])
    return found
