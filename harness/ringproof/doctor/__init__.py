"""Check whether this machine has what calls need, and report what to do where it has not.

`machine` collects the facts, with a deadline for each query that could wait; `checks` judges them; `output` renders
the diagnoses. Only `trial`, which can be switched off, makes something, and removes it again.
"""
