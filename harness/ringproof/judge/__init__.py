"""Observation against expectation: findings, or none. Pure."""

from harness.judge.chance import count_choices
from harness.judge.finding import Finding, Kind
from harness.judge.verdict import judge, judged_as

__all__ = ["Finding", "Kind", "count_choices", "judge", "judged_as"]
