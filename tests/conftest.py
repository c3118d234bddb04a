"""What all tests share: goldens, the exact texts a user sees, one file each in tests/golden/."""

import difflib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make goldens` rewrite the goldens."""
    parser.addoption("--seeds", type=int, default=200, help="how many seeded faults are played (tests/faults)")
    parser.addoption("--goldens", action="store_true", help="rewrite tests/golden/ from what is said now")


def pytest_configure() -> None:
    """A job in the background has SIGINT ignored, and so has all that it starts: our Ctrl-C would reach nobody."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file of tests/golden/; a difference is a failure that shows it.

    Called with the file's name below tests/golden/ and the text.
    """

    def compare(name: str, text: str) -> None:
        file = GOLDENS / name
        if request.config.getoption("--goldens"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        if not file.is_file():
            pytest.fail(
                f"there is no tests/golden/{name}; `make goldens` writes it. It would say:\n{text}", pytrace=False
            )
        expected = file.read_text(encoding="utf-8")
        if text != expected:
            diff = difflib.unified_diff(
                expected.splitlines(keepends=True), text.splitlines(keepends=True), f"tests/golden/{name}", "said now"
            )
            pytest.fail("".join(diff), pytrace=False)

    return compare
