"""Faults: what must never lose or double an acknowledged reading, tried with real processes."""
