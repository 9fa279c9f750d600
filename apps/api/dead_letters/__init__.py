"""Messages that could not be stored, kept as they came."""
