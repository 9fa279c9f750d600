"""Usage: what meters measured, by time and by device."""
