"""A whole province from files, all or nothing; shares with the acts what stands in `domain`, and nothing else."""
