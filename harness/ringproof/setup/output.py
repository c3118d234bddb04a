"""Print what a set-up step does and how long it took; define its error, which says what to do."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

EXIT_BROKEN = 3
TAIL_LINES = 15


class SetupError(Exception):
    """One sentence that says what is wrong and what to do, and the last lines of a log where there is one."""

    def __init__(self, sentence: str, evidence: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.evidence = evidence

    def __str__(self) -> str:
        """Return the sentence, then the evidence indented below it."""
        indented = "".join(f"\n    {line}" for line in self.evidence.splitlines())
        return f"{self.sentence}{indented}"


def say(sentence: str) -> None:
    """Print one line of progress at once, even where stdout is a pipe or a file."""
    print(f"setup: {sentence}", flush=True)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Print what is being done, and afterwards how long it took."""
    say(f"{doing} ...")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"setup: {doing}: failed after {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
        raise
    say(f"{doing}: done in {time.monotonic() - started:.1f} s")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, or a note that there is none or that it is empty."""
    try:
        written = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(written[-lines:]) or f"({log} is empty)"


def run(command: Sequence[str], log: Path, failing: str, env: Mapping[str, str] | None = None) -> None:
    """Run a command with its output in a log, never on our own stdout: a program may wait for the end of that.

    Raises:
        SetupError: `failing` with the log's tail, if it cannot be started or does not end with 0.

    """
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        try:
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, check=False
            )
        except OSError as error:
            raise SetupError(failing, str(error)) from error
    if ended.returncode != 0:
        raise SetupError(failing, f"{tail(log)}\n(all of it: {log})")
