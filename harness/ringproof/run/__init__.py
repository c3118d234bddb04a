"""Runs many scenarios: which are selected, how often each is played, signals, and the results of all."""
