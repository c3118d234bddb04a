"""The typed events of a play and their JSON form: one flat object per line of `events.ndjson`.

Every event carries `at`, in PbxSeconds from the start of the story (the first step). What happened before the story,
such as registration, has a negative `at`. The events come from three witnesses: the phones (`Phone...`), the PBX's
packets (`Leg...`, from its own SIP capture) and the PBX's call model (`Channel...`, from its manager interface). The
first line of the file is no event: it gives the version of the form (HEADER).
"""
