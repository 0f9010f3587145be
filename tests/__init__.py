"""Tests as a package of their own: neural-tangents installs another one of this name."""
