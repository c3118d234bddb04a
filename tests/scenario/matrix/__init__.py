"""Strategies and options of groups by situations: which of them the bundled scenarios play.

Told by what scenarios say of phones and expect of calls, not by names. `python -m tests.scenario.matrix` prints it.
"""
