"""Observation against expectation: findings, or none. Pure."""

from harness.judge.choice import settle
from harness.judge.finding import Finding, Kind
from harness.judge.verdict import judge

__all__ = ["Finding", "Kind", "judge", "settle"]
