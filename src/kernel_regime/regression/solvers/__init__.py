"""Solvers of a ridge path, one per file."""
