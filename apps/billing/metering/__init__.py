"""Metering: device events become usage, each once."""
