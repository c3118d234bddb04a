"""Statistics of random choices: exact bounds for a story that is played many times."""
