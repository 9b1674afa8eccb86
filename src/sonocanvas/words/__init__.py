"""The words that the embedded pair knows, and what goes together."""
