"""What the commands in `cli` are made of: options, refusals in one line, quiet starts."""
