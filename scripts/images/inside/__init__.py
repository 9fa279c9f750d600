"""What runs while an image is built, with the base image's Python and nothing else."""
