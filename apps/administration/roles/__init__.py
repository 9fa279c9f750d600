"""Roles: what the built-in ones may do, and those that an organisation makes itself."""
