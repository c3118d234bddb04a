"""Wrong PBXes: the rendered files with one change each, played as `ringproof run --rendered` plays them.

`table.py` has the mistakes that people make, each with the scenario that must turn red and what must be said of it;
`operators.py` makes others at random. `python -m tests.mutants --help` plays those.
"""
