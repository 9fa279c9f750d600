"""Service accounts: programs, each with one or more keys."""
