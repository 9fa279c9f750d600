"""Programmes: what members belong to."""
