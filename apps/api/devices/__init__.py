"""The device registry."""
