"""From a bare Debian to something that can play calls: Python packages, an engine, the PBX image.

Standard library only, and it imports nothing else of ringproof: it runs before anything is installed.
"""
