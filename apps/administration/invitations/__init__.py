"""Invitations by mail: made, sent again, revoked, and accepted once."""
