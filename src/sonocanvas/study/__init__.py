"""The human study: two videos, three questions, and what people chose."""

REPEATS = 4  # pairs that each rater sees again
CONSISTENCY = 0.7  # least share of same answers to them of a rater who is careful
