"""Kedro pipelines: thin nodes and wiring over the packages of the library."""
