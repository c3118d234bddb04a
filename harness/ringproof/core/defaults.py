"""What is meant where a command or an option of pytest says nothing."""

DEFAULT_OUT = "out"
DEFAULT_IMAGE = "ringproof-asterisk:22"
