"""Links by mail: to sign in, to choose a new password, to prove another address."""
