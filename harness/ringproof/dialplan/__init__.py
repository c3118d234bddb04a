"""Render an office as the Asterisk configuration that people read and the PBX runs."""
