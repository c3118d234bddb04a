"""Ringproof: write down who must ring, in which order and for how long; real calls prove it.

Import-light on purpose: the set-up runs with a bare Python before any dependency is installed.
"""

__version__ = "0.2.0"
