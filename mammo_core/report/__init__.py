"""A page for people to read and keep, made from an answer and nothing else."""
