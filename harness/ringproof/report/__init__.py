"""Sinks and texts that report a run to people (text, table) and programs (JSON), from results and observations only."""
