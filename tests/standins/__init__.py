"""Stand-ins for what only a cloud has."""
