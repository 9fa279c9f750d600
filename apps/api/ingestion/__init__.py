"""Readings and events over HTTP, by the same write path as over TCP."""
