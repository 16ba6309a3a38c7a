"""The face of the Manager: start page, search, and the ways to everything else."""
