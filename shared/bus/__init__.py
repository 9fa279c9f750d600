"""The bus: wake-ups and live data between processes. It hurries; it never decides."""

from shared.bus.base import Bus, Message, Subscription
from shared.bus.connect import connect_bus
from shared.bus.memory import MemoryBus

__all__ = ["Bus", "MemoryBus", "Message", "Subscription", "connect_bus"]
