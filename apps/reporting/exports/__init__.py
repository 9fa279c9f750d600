"""Readings and events out, as files, in flat memory."""
