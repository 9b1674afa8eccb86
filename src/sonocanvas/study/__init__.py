"""The human study: two videos, three questions, and what people chose."""
