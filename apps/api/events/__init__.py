"""What happened at devices."""
