"""Two observations of one scenario: the differences between them, or none. Pure."""

from harness.compare.difference import Difference, Kind
from harness.compare.sides import NotTheSameStoryError, compare

__all__ = ["Difference", "Kind", "NotTheSameStoryError", "compare"]
