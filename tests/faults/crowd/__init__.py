"""Peers that mean no good, or too much of it, in processes of their own."""
