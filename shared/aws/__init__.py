"""What is particular to running on AWS."""
