"""Observation against expectation: findings, or none. Pure."""

from ringproof.judge.chance import count_choices
from ringproof.judge.finding import Finding, Kind
from ringproof.judge.verdict import judge, judged_as

__all__ = ["Finding", "Kind", "count_choices", "judge", "judged_as"]
