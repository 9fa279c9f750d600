"""Pages that stand alone: one file, no script, no address of anyone else."""
