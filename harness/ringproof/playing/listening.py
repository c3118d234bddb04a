"""Knows which applications of the dialplan act on what they hear, or record it: meanwhile the clock must not race.

Asterisk reports each step with its data (the manager event Newexten). What ExecIf, Exec and TryExec run is only in
their data, and Dial and FollowMe listen only with certain options.
"""

from __future__ import annotations

import re

LISTENS = frozenset(
    {
        "amd",
        "audiosocket",
        "backgrounddetect",
        "confbridge",
        "dictate",
        "eagi",
        "externalivr",
        "minivmgreet",
        "minivmrecord",
        "record",
        "speechbackground",
        "stasis",
        "voicemail",
        "voicemailmain",
        "waitfornoise",
        "waitforsilence",
    }
)
WITH_OPTIONS = {"dial": (2, "pP"), "retrydial": (4, "pP"), "followme": (1, "a")}
"""Applications that may record a name first: the place of their options, and the letters that make them do so."""
COUNTS_LOOKS = {"followme": (1, "N")}
"""Applications that count down whole milliseconds each time that sound wakes them (app_followme.c, wait_for_winner), so
that their steps last longer the faster the clock races. With these options there is no sound, and they do not."""
ASYNCHRONOUS = "agi:async"
"""With this a program elsewhere acts, as with Stasis. For any other AGI the clock notices the child process."""
_BUFFERS = re.compile(r"JITTERBUFFER\(\s*(?:fixed|adaptive)", re.IGNORECASE)
RUNS_ANOTHER = frozenset({"exec", "execif", "tryexec"})
RECORDS = "mixmonitor"
RECORDS_NO_MORE = "stopmixmonitor"
_APPLICATION = re.compile(r"(?:^|[?:])\s*(?P<name>\w+)\s*\((?P<data>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")


def run_by(application: str, data: str) -> list[tuple[str, str]]:
    """Return the applications that a step runs, in lower case, each with its data: its own one, or those in its data.

    For ExecIf these are both branches. Its condition is known, but to hold the clock in vain only takes longer.
    """
    name = application.lower()
    if name not in RUNS_ANOTHER:
        return [(name, data)]
    return [(found["name"].lower(), found["data"]) for found in _APPLICATION.finditer(data)]


def listens(application: str, data: str) -> bool:
    """Return whether an application, named in lower case, acts on what it hears, or records it."""
    if application in LISTENS or (application == "agi" and data.startswith(ASYNCHRONOUS)):
        return True
    if application in COUNTS_LOOKS and not _has(data, *COUNTS_LOOKS[application]):
        return True
    return application in WITH_OPTIONS and _has(data, *WITH_OPTIONS[application])


def buffers(application: str, data: str) -> bool:
    """Return whether a step gives its channel a jitter buffer, which measures to the end how regularly sound comes."""
    return application in {"set", "mset"} and _BUFFERS.search(data) is not None


def _has(data: str, place: int, letters: str) -> bool:
    """Return whether the argument at `place`, counted from 0, has one of these options."""
    while _IN_PARENTHESES.search(data):
        data = _IN_PARENTHESES.sub("", data)  # the argument of an option is no option
    arguments = data.split(",")
    return len(arguments) > place and any(letter in arguments[place] for letter in letters)
