"""Configuration as files and command line give it, merged and checked."""
