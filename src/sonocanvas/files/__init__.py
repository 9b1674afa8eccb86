"""Files of a run: reading and writing them, and recording their origin."""
