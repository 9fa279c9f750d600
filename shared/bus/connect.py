"""The bus that a setting names."""

from shared.bus.base import Bus
from shared.bus.memory import MemoryBus
from shared.settings import Settings


def connect_bus(settings: Settings) -> Bus:
    """The bus for `settings.bus_url`. A server is connected to when it is first needed."""
    if settings.bus_url.startswith("memory://"):
        return MemoryBus()
    # The driver costs start-up time and memory: it is loaded only where it is used.
    from shared.bus.valkey import ValkeyBus  # noqa: PLC0415 - as said above

    password = settings.bus_password
    return ValkeyBus(settings.bus_url, password.get_secret_value() if password else None)
