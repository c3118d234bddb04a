"""Why an Asterisk ended, read from what its container printed."""

from __future__ import annotations

import pytest
from ringproof.pbx.ended import TAIL, ended_fault, last_words

BOOT = """\
\x1b[0mPBX UUID: 9a573f8c
[Nov 27 19:47:48] \x1b[1;31mERROR\x1b[0m[1]: logger.c:2212 in init_logger: Errors detected in logger.conf.
[Nov 27 19:47:48] \x1b[1;33mNOTICE\x1b[0m[1]: loader.c:2568 in load_modules: 18 modules will be loaded.
"""
GIVES_UP = (
    "[Nov 27 19:47:48] ERROR[1]: asterisk.c:4123 in check_init: Module initialization failed.  ASTERISK EXITING!\n"
)
WARNING = "[Nov 27 19:47:48] \x1b[1;31mWARNING\x1b[0m[1]: loader.c:2403 in x: 'modules.conf' invalid or missing.\n"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (BOOT + WARNING + GIVES_UP + "\x1b[0m\n", "'modules.conf' invalid or missing."),
        (BOOT + "No such user 'pbx'!\n\n", "No such user 'pbx'!"),
        (GIVES_UP, "Module initialization failed.  ASTERISK EXITING!"),
        ("", "it said nothing"),
    ],
)
def test_the_line_that_says_why(log: str, words: str) -> None:
    """The last complaint before it gives up, not the first one, which harmless boots have, too."""
    assert last_words(log).endswith(words)
    assert "\x1b" not in last_words(log)


def test_the_end_of_the_log_is_a_note() -> None:
    """So it is seen under the traceback, and not in the sentence."""
    fault = ended_fault(2, "".join(f"line {number}\n" for number in range(100)))
    assert str(fault) == "Asterisk ended (exit status 2): line 99"
    assert fault.__notes__[0].splitlines()[1:] == [f"line {number}" for number in range(100 - TAIL, 100)]


def test_an_asterisk_in_the_background_is_explained() -> None:
    """The container ends with the command that started it; one that was up and was stopped also ends with status 0."""
    hint = "; the image's command has to run it in the foreground, as `asterisk -f` does"
    assert str(ended_fault(0, "")) == f"Asterisk ended (exit status 0): it said nothing{hint}"
    assert str(ended_fault(0, "Asterisk Ready.\n")) == "Asterisk ended (exit status 0): Asterisk Ready."
