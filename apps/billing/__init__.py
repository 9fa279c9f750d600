"""Billing: meters over what devices did, and the usage that they measure."""
