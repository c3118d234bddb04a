"""Defaults of the options that the commands, the pytest plugin and the Python API share."""

DEFAULT_OUT = "out"
DEFAULT_IMAGE = "ringproof-asterisk:22"
