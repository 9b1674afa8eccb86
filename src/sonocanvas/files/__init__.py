"""Files of a run: what is written, read and said of where it came from."""
