"""Support access: an organisation lets people of the platform in for a time, and ends it."""
