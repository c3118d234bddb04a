"""Fake SIP phones on pjsua2: one operating-system process each, driven over a channel of its own.

This file is empty on purpose: the phone process imports the package too, and every import delays the start of each
phone. The parent's side is `ringproof.phones.handle`; `ringproof.phones.protocol` has the verbs and messages of both
sides.
"""
