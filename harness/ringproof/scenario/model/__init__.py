"""Scenarios and offices as frozen values: what a story says, whoever wrote it and however."""
