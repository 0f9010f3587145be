"""What every other package needs once: arrays, errors, files, memory, progress, kinds."""
