"""Compare two observations of one scenario and return the differences. All functions here are pure."""

from ringproof.compare.difference import Difference, Kind
from ringproof.compare.sides import NotTheSameStoryError, compare

__all__ = ["Difference", "Kind", "NotTheSameStoryError", "compare"]
