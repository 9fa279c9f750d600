"""The device protocol as pure state machines: bytes in, events and bytes out."""
