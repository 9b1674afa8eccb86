"""What the embedded pair knows, and what goes together."""
