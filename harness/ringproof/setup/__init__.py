"""Set up a bare Debian so that it can play calls: Python packages, an engine, the images.

It uses the standard library only, and of ringproof nothing but the version: it runs before anything is installed.
"""
