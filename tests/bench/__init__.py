"""Measurements, each figure the median of three: `make bench`, or `python -m tests.bench NAME`."""
