"""Methods that make samples: the paper's method and its baselines."""
