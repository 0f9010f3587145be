"""One function per figure: a tidy table or arrays in, a matplotlib Figure out."""
