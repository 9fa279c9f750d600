"""Exports that are made in the background, and their files."""
