"""Reads complaints from Asterisk's log, and says which of a boot mean that a configuration is not in force.

Asterisk logs at WARNING and ERROR both what it drops of a configuration and what it merely advises. Only the first kind
refuses a play. Neither level nor number tells them apart, only the text does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ringproof.pbx.ended import READY

_LINE = re.compile(
    r"\[[^\]]+\] (?P<level>WARNING|ERROR)\[\d+\](?:\[C-\w+\])?:? "
    r"(?:(?P<source>[\w./-]+\.[a-z]+)(?::\d+ \w+)?: )?(?P<words>.*)"
)
_PROVOKED = (
    # The conductor asks each new channel for its Call-ID, and a channel may end before it is asked.
    re.compile(r"func_channel\.c: Unknown or unavailable item requested: 'pjsip,call-id'"),
    # Two legs of a rendered progressive group may end the same wait at once; the second finds it ended ([tell]).
    re.compile(r"app_channelredirect\.c: No such channel: Local/wait@await-"),
)
"""Complaints that plays themselves cause, whatever the configuration."""
_HARMLESS = tuple(
    re.compile(pattern)
    for pattern in (
        # Deprecation: the module, option or table works in this version.
        r"loader\.c: Module '[^']*' has been loaded but ",
        r"chan_sip\.c: (chan_sip has no official maintainer and is deprecated|chan_pjsip is recommended|https?://)",
        r"config_options\.c: At line \d+ of \S+ option '[^']*' is deprecated\. Use '",
        r"pbx_config\.c: users\.conf is deprecated and will be removed",
        r"config\.c: The '\w+' table is obsolete, update your config",
        # Advice: all that was written is in force.
        r"pbx_config\.c: The use of '[^']*' for an extension is strongly discouraged",
        r"pbx_config\.c: Context '[^']*' already included in '[^']*' context",
        r"config\.c: '[^']*', line \d+: +Same File included more than once!",
        r"res_musiconhold\.c: No music on hold classes configured",
        # Environment: what a container without privileges, and under a clock that is driven, does not offer.
        r"res_timing_timerfd\.c: timerfd_create\(\) not supported by the kernel",
        r"loader\.c: res_timing_timerfd declined to load",
        # A summary: each module that is missing has an ERROR of its own.
        r"loader\.c: Some non-required modules failed to load",
        r"netsock2?\.c: Unable to set \S+ (DSCP TOS value|TOS|CoS) to ",
        r"res_pjsip/pjsip_resolver\.c: There are no local system nameservers configured",
    )
)
_DROPPED_WORDS = (
    # What happened to it.
    r"drop(s|ped|ping)?|ignor(e|es|ed|ing)|skip(s|ped|ping)?|declin(e|es|ed|ing)|reject(s|ed|ing)?|refus(e|es|ed|ing)",
    r"fail(s|ed|ing|ure)?|unable|could(n't| not)|can(not|'t| not)|did(n't| not)|disregard(s|ed|ing)?|unregistering",
    r"not (loaded|loading|activated|found|permitted|supported)|will not be|was not compiled",
    r"no effect|(using|so applying) (the )?defaults?|defaulting to|rounding|truncating|were replaced",
    r"disabled|retaining existing|no longer|so no",
    # What is wrong with it.
    r"no such|no existence|does(n't| not) exist|nonexistent|missing|no config file|no files available|empty",
    r"invalid|(not|isn't) a valid|unknown|unrecogni[sz]ed|unsupported|bad|wrong|incorrect|impossible|unreasonable",
    r"errors?|problems?|must|not expected|not configured to match|without (providing|enabling)",
    r"at most one|occurs multiple times|already (in use|owned|exists)|too (low|high|long|many)|exceed(s|ed)?",
)
_DROPPED = re.compile(rf"\b({'|'.join(_DROPPED_WORDS)})\b", re.IGNORECASE)
"""Words of a WARNING that something written, or a module, is not in force."""
_DEPRECATED = re.compile(r"\b(deprecated|obsolete)\b", re.IGNORECASE)
_PLACE = re.compile(r"\bline '?\d+")
"""A WARNING that only names a line of a file has most often dropped that line."""


_NO_SOUND = (
    re.compile(r"(?:file|app_confbridge)\.c: File (?P<name>.+) does not exist in any format"),
    re.compile(r'app_dial\.c: Announce file "(?P<name>.+)" specified in Retrydial does not exist'),
)
"""Lines about a sound that is to be played and does not exist (Asterisk 16 to 22)."""
_UNOPENED = re.compile(r"file\.c: Unable to open (?P<name>.+) \(format .*\): .*")
"""A line about a sound that does not exist, or about a file that cannot be read, or cannot be played to the channel."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line of Asterisk's log at WARNING or ERROR."""

    level: str
    source: str
    """Asterisk's source file, `loader.c`; empty where the line names none."""
    words: str
    line: str
    """The whole line as it was logged."""

    @property
    def text(self) -> str:
        """The line without its head: `loader.c: Module 'res_adsi' has been loaded but ...`."""
        return f"{self.source}: {self.words}" if self.source else self.words


@dataclass(frozen=True, slots=True)
class BootPolicy:
    """Decides which complaints refuse a boot."""

    strict: bool = True
    """True for what Ringproof rendered: it has to boot without any complaint that is not known as harmless."""
    allow: tuple[str, ...] = ()
    """Shell patterns of complaints that the user accepts."""

    def refuses(self, complaint: Complaint) -> bool:
        """True where this complaint means that the boot's configuration is not to be played."""
        return not allowed_by(complaint, self.allow) and is_fatal(complaint, strict=self.strict)


def read_complaints(log: str) -> tuple[list[Complaint], list[Complaint]]:
    """Return the complaints in a log's text: those of the boot, and those since. Those caused by plays are left out."""
    boot, ready, since = log.partition(READY)
    return list(_complaints(boot)), list(_complaints(since)) if ready else []


def is_fatal(complaint: Complaint, *, strict: bool) -> bool:
    """True where the complaint, made at boot, means that a file, section, line, object or module is not in force.

    Of unknown texts, an ERROR is fatal. A WARNING is fatal where its words mean that something was dropped. One about
    deprecation is not. Any other is fatal where it names a line, or where `strict` is set.
    """
    text = complaint.text
    if any(known.match(text) for known in _HARMLESS):
        return False
    if complaint.level == "ERROR" or _DROPPED.search(complaint.words):
        return True
    if _DEPRECATED.search(complaint.words):
        return False
    return strict or _PLACE.search(complaint.words) is not None


def missing_sounds(complaints: Iterable[Complaint]) -> tuple[list[str], list[str]]:
    """Return the names of sounds that Asterisk was to play: those that do not exist, and those that it cannot open."""
    complaints = list(complaints)
    found = (known.fullmatch(complaint.text) for complaint in complaints for known in _NO_SOUND)
    missing = {match["name"] for match in found if match}
    unopened = {match["name"] for complaint in complaints if (match := _UNOPENED.fullmatch(complaint.text))}
    return sorted(missing), sorted(unopened - missing)


def allowed_by(complaint: Complaint, patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the shell patterns that match the complaint's text, with or without the source file."""
    texts = (complaint.words, complaint.text)
    return tuple(pattern for pattern in patterns if any(fnmatchcase(text, pattern) for text in texts))


def _complaints(log: str) -> Iterable[Complaint]:
    for line in log.splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        complaint = Complaint(found["level"], found["source"] or "", found["words"].rstrip(), line)
        if not any(provoked.match(complaint.text) for provoked in _PROVOKED):
            yield complaint
