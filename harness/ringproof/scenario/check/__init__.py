"""Checks of what was read: names that do not exist, and stories that no PBX can fulfil."""
