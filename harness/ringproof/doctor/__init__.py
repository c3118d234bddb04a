"""What this machine has of all that calls need: facts, what they mean, and what to do.

`machine` looks, with a deadline for all that could keep it waiting; `checks` judges the facts; `telling` says it.
Nothing is changed, but for the `trial` that is asked for.
"""
