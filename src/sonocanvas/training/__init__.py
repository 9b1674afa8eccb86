"""How the embedded pair was made; nothing else in the package imports this."""
