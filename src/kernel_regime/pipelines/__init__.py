"""Kedro pipelines: thin nodes and wiring over the rooms of the library."""
