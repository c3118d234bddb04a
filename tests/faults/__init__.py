"""Scripted PBX and phones: what a play does with faults in what they send."""
