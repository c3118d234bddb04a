"""Make an observation of the events of a play, by a pure fold."""

from ringproof.observe.fold import BrokenPlayError, observe
from ringproof.observe.model import CallerView, Ending, Observation, ObservedRing, ObservedWave

__all__ = ["BrokenPlayError", "CallerView", "Ending", "Observation", "ObservedRing", "ObservedWave", "observe"]
