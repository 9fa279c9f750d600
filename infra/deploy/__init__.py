"""What the pipeline runs: every step of it is a command here, which a laptop can run too."""
