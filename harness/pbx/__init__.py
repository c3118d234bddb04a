"""The PBX under test: its container, its manager interface, its own capture of SIP, and what a run shares."""
