"""Compare an observation with the expectations of its scenario and return findings. All functions here are pure."""

from ringproof.judge.chance import count_choices
from ringproof.judge.finding import Finding, Kind
from ringproof.judge.verdict import judge, judged_as

__all__ = ["Finding", "Kind", "count_choices", "judge", "judged_as"]
