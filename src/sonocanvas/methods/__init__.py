"""How a sample comes about: the paper's method and what it is compared with."""
