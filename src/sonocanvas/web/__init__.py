"""The studio: a local page on which images that sound are made."""
