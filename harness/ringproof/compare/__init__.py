"""Two observations of one scenario: the differences between them, or none. Pure."""

from ringproof.compare.difference import Difference, Kind
from ringproof.compare.sides import NotTheSameStoryError, compare

__all__ = ["Difference", "Kind", "NotTheSameStoryError", "compare"]
