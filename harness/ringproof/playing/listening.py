"""Which applications of the dialplan act on what they hear, or keep it: sound is real, so time must be, too.

Asterisk tells of each step with its data (the manager's Newexten). What ExecIf, Exec and TryExec run inside themselves
is in their data alone, and Dial and FollowMe listen with certain options only.
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
"""Applications that record a name first: which of their arguments holds the options, and by which of these letters."""
COUNTS_LOOKS = {"followme": (1, "N")}
"""Applications that count down whole milliseconds each time that sound wakes them (app_followme.c, wait_for_winner), so
that their steps last longer the more the clock races; without sound, which these options say, they do not."""
ASYNCHRONOUS = "agi:async"
"""A program elsewhere acts, as for Stasis; of another AGI the clock sees the child process."""
_BUFFERS = re.compile(r"JITTERBUFFER\(\s*(?:fixed|adaptive)", re.IGNORECASE)
RUNS_ANOTHER = frozenset({"exec", "execif", "tryexec"})
RECORDS = "mixmonitor"
RECORDS_NO_MORE = "stopmixmonitor"
_APPLICATION = re.compile(r"(?:^|[?:])\s*(?P<name>\w+)\s*\((?P<data>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")


def run_by(application: str, data: str) -> list[tuple[str, str]]:
    """Return the applications, in lower case, that a step runs, each with its data: itself, or what it has inside.

    Of ExecIf both branches: its condition has been worked out, but to listen in vain only takes time.
    """
    name = application.lower()
    if name not in RUNS_ANOTHER:
        return [(name, data)]
    return [(found["name"].lower(), found["data"]) for found in _APPLICATION.finditer(data)]


def listens(application: str, data: str) -> bool:
    """Say whether an application, named in lower case, acts on what it hears, or keeps it."""
    if application in LISTENS or (application == "agi" and data.startswith(ASYNCHRONOUS)):
        return True
    if application in COUNTS_LOOKS and not _has(data, *COUNTS_LOOKS[application]):
        return True
    return application in WITH_OPTIONS and _has(data, *WITH_OPTIONS[application])


def buffers(application: str, data: str) -> bool:
    """Say whether a step gives its channel a jitter buffer, which measures how regularly sound comes, to the end."""
    return application in {"set", "mset"} and _BUFFERS.search(data) is not None


def _has(data: str, place: int, letters: str) -> bool:
    """Whether the argument at `place` has one of these options."""
    while _IN_PARENTHESES.search(data):
        data = _IN_PARENTHESES.sub("", data)  # what an option is given is no option
    arguments = data.split(",")
    return len(arguments) > place and any(letter in arguments[place] for letter in letters)
