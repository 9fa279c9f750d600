"""What people change of their own account: name, password, mail address."""
