"""The people of an organisation: who they are, what they may do, and that they may go."""
