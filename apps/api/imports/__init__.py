"""Many devices at once, from a file."""
