"""Loyalty: members earn points from what devices saw, each event once."""
