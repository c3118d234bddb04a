"""The PBX under test: its container, its manager interface, and its own capture of SIP."""
