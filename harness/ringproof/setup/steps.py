"""Take the three set-up steps in their order, and report a failed one to the user."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ringproof.setup import engine, image, library, venv
from ringproof.setup.output import EXIT_BROKEN, SetupError

CHECKOUT = Path(__file__).resolve().parents[3]

STEPS: dict[str, Callable[[], object]] = {
    "python": lambda: venv.ensure(CHECKOUT),
    "engine": engine.ensure,
    "image": lambda: images(os.environ.get("VERSION", image.DEFAULT_VERSION)),
}


def images(*versions: str) -> list[str]:
    """Ensure that clock, seal and the images of these Asterisks and the phones are there; return the images' names."""
    library.ensure()
    return [image.ensure(recipe) for recipe in (*map(image.recipe_of, versions), image.PHONES)]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Make a second set-up of the same checkout wait for the first; the lock ends with the process."""
    descriptor = os.open(CHECKOUT, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def take(names: list[str]) -> int:
    """Take the named steps (all of them where none is named) and return the exit code: 0, 2, 3 or 130."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"setup: there is no step {unknown[0]}; there are: {', '.join(STEPS)}", file=sys.stderr)
        return 2
    try:
        with one_at_a_time():
            for name in names or STEPS:
                STEPS[name]()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return EXIT_BROKEN
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 0
