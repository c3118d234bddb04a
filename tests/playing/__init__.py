"""Tests that play stories on a real PBX."""
