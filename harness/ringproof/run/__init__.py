"""One run of many scenarios: which are meant, how often each is played, signals, and the results of all."""
