"""Three kinds of devices and what they say: functions of seed, device and message number. Pure."""

from math import sin, tau
from typing import Any, Final

KINDS: Final = ("room", "charger", "tracker")
# What each kind's profile declares.
PROFILES: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "room": {
        "temp": {"type": "number", "unit": "°C", "min": -40, "max": 85},
        "humidity": {"type": "number", "unit": "%", "min": 0, "max": 100},
        "co2": {"type": "number", "unit": "ppm", "min": 0, "max": 10_000},
        "occupied": {"type": "boolean"},
    },
    "charger": {
        "power": {"type": "number", "unit": "kW", "min": 0, "max": 400},
        "voltage": {"type": "number", "unit": "V", "min": 0, "max": 1_000},
        "temp": {"type": "number", "unit": "°C", "min": -40, "max": 120},
        "state": {"type": "text"},
    },
    "tracker": {
        "lat": {"type": "number", "unit": "°", "min": -90, "max": 90},
        "lon": {"type": "number", "unit": "°", "min": -180, "max": 180},
        "speed": {"type": "number", "unit": "km/h", "min": 0, "max": 300},
        "battery": {"type": "number", "unit": "%", "min": 0, "max": 100},
    },
}
SESSION_EVENT: Final = "session.completed"
# A charger ends a session with every so many messages.
SESSION_EVERY: Final = 10
CENTS_A_KWH: Final = 45
_MASK: Final = 2**64 - 1


def chance(seed: int, device: int, number: int) -> int:
    """64 bits that look random and are the same for the same arguments (SplitMix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + device * 0xBF58476D1CE4E5B9 + number) & _MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & _MASK
    return x ^ x >> 31


def say(kind: str, seed: int, device: int, number: int) -> tuple[str, dict[str, Any]]:
    """Message `number` (from 0) of a device: the event's name, or "" for a reading; its body."""
    bits = chance(seed, device, number)
    a, b, c, d = bits & 0xFFFF, bits >> 16 & 0xFFFF, bits >> 32 & 0xFFFF, bits >> 48
    if kind == "room":
        return "", _room(number, a, b, c, d)
    if kind == "tracker":
        return "", _tracker(device, number, a, b)
    if number % SESSION_EVERY == SESSION_EVERY - 1:
        return SESSION_EVENT, _session(device, a, b)
    return "", _charger(number, a, b)


def _room(number: int, a: int, b: int, c: int, d: int) -> dict[str, Any]:
    day = sin(tau * number / 1440)
    return {
        "temp": round(21 + 2 * day + a / 131072, 2),
        "humidity": round(40 + 5 * day + b / 13107, 1),
        "co2": 420 + c % 600,
        "occupied": d % 3 == 0,
    }


def _charger(number: int, a: int, b: int) -> dict[str, Any]:
    charging = number % SESSION_EVERY > 2
    return {
        "power": round(11 - a / 65536, 3) if charging else 0,
        "voltage": round(228 + b / 16384, 1),
        "temp": round(25 + a / 6554, 1),
        "state": "charging" if charging else "idle",
    }


def _tracker(device: int, number: int, a: int, b: int) -> dict[str, Any]:
    angle = tau * number / 600
    return {
        "lat": round(50.85 + device % 100 / 50 + sin(angle) / 100, 6),
        "lon": round(4.35 + device % 70 / 50 + sin(angle + 1.57) / 100, 6),
        "speed": round(30 + 25 * sin(angle * 7) + a / 13107, 1),
        "battery": 100 - (number // 60 + b % 2) % 101,
    }


def _session(device: int, a: int, b: int) -> dict[str, Any]:
    watt_hours = 1_000 + a % 30_000
    cents = (watt_hours * CENTS_A_KWH + 500) // 1_000
    return {
        "member": f"TAG-{(device + b) % 50}",
        "kwh": f"{watt_hours // 1000}.{watt_hours % 1000:03d}",
        "minor": cents,
        "currency": "EUR",
    }
