"""Events in, observation out: a pure fold."""

from harness.observe.fold import BrokenPlayError, observe
from harness.observe.model import CallerView, Ending, Observation, ObservedRing, ObservedWave

__all__ = ["BrokenPlayError", "CallerView", "Ending", "Observation", "ObservedRing", "ObservedWave", "observe"]
