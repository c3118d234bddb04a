"""How a set-up step speaks: what it does, how long it took; and on failure, what to do."""

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
    """Print one line of progress at once, whatever stdout is."""
    print(f"setup: {sentence}", flush=True)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Say what is being done, and when it is done how long it took."""
    say(f"{doing} ...")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"setup: {doing}: failed after {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
        raise
    say(f"{doing}: done in {time.monotonic() - started:.1f} s")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, or a word about its absence."""
    try:
        written = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(written[-lines:]) or f"({log} is empty)"


def run(command: Sequence[str], log: Path, failing: str, env: Mapping[str, str] | None = None) -> None:
    """Run a command whose output goes to a log and never to our own stdout, which something may wait on.

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
