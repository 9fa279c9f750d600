"""The live stream: what devices send, as it is committed."""
