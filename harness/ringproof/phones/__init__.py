"""Fake SIP phones made of pjsua2: one operating-system process each, driven over a channel of its own.

Empty on purpose: the phone process imports this package too, and every import costs each phone its start.
The parent's side is `ringproof.phones.handle`, the words of both sides are `ringproof.phones.protocol`.
"""
