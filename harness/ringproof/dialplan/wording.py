"""Write the parts of an office for a dialplan: the statement, and the words of its comment."""

from __future__ import annotations

from typing import assert_never

from ringproof.core.duration import PbxSeconds
from ringproof.dialplan import safety
from ringproof.scenario.model.office import Destination, HangUpCause, Office, ToExtension, ToGroup, ToHangUp, ToMenu

Q850: dict[HangUpCause, int] = {"normal": 16, "busy": 17, "no answer": 19, "congestion": 34}
"""Hang-up causes of Q.850; before an answer chan_pjsip turns them into 603, 486, 480 and 503."""


def goto(destination: Destination) -> str:
    """Return the application that sends a call on to its destination."""
    match destination:
        case ToExtension(extension=extension):
            return f"Goto(extensions,{safety.number(extension, 'The extension')},1)"
        case ToGroup(group=group):
            return f"Goto(group-{safety.name(group, 'The group')},s,1)"
        case ToMenu(menu=menu):
            return f"Goto(menu-{safety.name(menu, 'The menu')},s,1)"
        case ToHangUp(hang_up=cause):
            return f"Hangup({Q850[cause]})"
        case _:
            assert_never(destination)


def destination_in_words(destination: Destination, office: Office) -> str:
    """Return what a comment says of a destination: `100 (Operator)`, `menu main`, `hang up (busy)`."""
    match destination:
        case ToExtension(extension=extension):
            return extension_in_words(extension, office)
        case ToGroup(group=group):
            return f"group {safety.name(group, 'The group')}"
        case ToMenu(menu=menu):
            return f"menu {safety.name(menu, 'The menu')}"
        case ToHangUp(hang_up=cause):
            return f"hang up ({cause})"
        case _:
            assert_never(destination)


def extension_in_words(extension: str, office: Office) -> str:
    """Return `101 (Anna Petrova)`, or `101` where nobody is named."""
    who = safety.words(office.extensions[extension].name, "The name")
    return f"{safety.number(extension, 'The extension')} ({who})" if who else extension


def seconds(time: PbxSeconds) -> str:
    """Return a time as Asterisk's applications take it: `15`, `1.5`, to the millisecond.

    Raises ValueError for 0 and for a negative time: Dial and WaitExten would wait for ever.
    """
    text = f"{time:.3f}".rstrip("0").rstrip(".")
    if time < 0 or text == "0":
        raise ValueError(f"A time of {time} s cannot be written into a dialplan.")
    return text


def milliseconds(time: PbxSeconds) -> str:
    """Return a time in whole milliseconds, for dialplan arithmetic."""
    seconds(time)
    return str(round(time * 1000))
