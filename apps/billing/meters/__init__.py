"""Meters: what is counted."""
