"""The version of the language of scenario and office files."""

FILE_VERSION = 1
"""The version that this Ringproof reads. A file without a version has this one."""
