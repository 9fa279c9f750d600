"""Awarding: device events become points, each once."""
