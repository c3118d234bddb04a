"""Frozen models of scenarios and offices, independent of the form in which they were written."""
