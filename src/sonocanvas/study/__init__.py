"""The human study: two videos, three questions, and people's answers."""

REPEATS = 4  # pairs that each rater sees twice
CONSISTENCY = 0.7  # least share of equal answers to them by a careful rater
