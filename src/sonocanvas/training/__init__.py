"""The training of the embedded pair; nothing else in the package imports this."""
