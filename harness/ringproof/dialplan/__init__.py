"""From an office to the Asterisk configuration that people read and the PBX runs."""
