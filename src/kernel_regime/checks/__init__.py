"""Checks of an experiment before its first node runs."""
