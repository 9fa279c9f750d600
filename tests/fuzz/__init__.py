"""Fuzzing: bytes that nobody thought of, against the line protocol and the parsing of messages."""
