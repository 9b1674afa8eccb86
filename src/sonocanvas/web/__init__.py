"""The studio: a local web page for making images that sound."""
