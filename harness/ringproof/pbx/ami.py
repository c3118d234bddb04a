"""A session of the manager interface (AMI) for tests without asyncio: each call waits for its answer.

It runs the asyncio client of `ringproof.pbx.manager` in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from ringproof.containers.errors import BrokenError
from ringproof.pbx.manager import Login, Manager, ManagerEvent, ManagerLostError

Answer = TypeVar("Answer")

CLOSED_WITHIN_S = 5.0
SHOWN = 5
"""How many of the other events an error shows where the expected one did not come."""


class Ami:
    """One logged-in session. It keeps events from the login on, until `wait_for` has returned them."""

    def __init__(
        self, link: socket.socket, login: Login, *, booted_within: float, why_lost: Callable[[], Exception]
    ) -> None:
        """Log in over a connection whose banner has been read, and return once Asterisk is fully booted.

        `why_lost` returns the error to raise where Asterisk closes the connection. Raises ManagerError where the
        account is refused, TimeoutError where Asterisk is not fully booted `booted_within` seconds later.
        """
        self._why_lost = why_lost
        self._events: list[ManagerEvent] = []
        self._news = threading.Condition()
        self._lost: BrokenError | None = None
        """Why the connection ended; None while it is open."""
        self._is_closed = False
        self._manager: Manager | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="AMI", daemon=True)
        self._thread.start()
        try:
            over = Manager.over(link, on_event=self._take, on_lost=self._note_loss)
            self._manager = self._await(over)
            self.action("Login", Username=login.user, Secret=login.secret)
            self._wait_booted(login.user, booted_within)
        except BaseException:
            self.close()
            link.close()
            raise

    @property
    def is_open(self) -> bool:
        """False once it was closed, or Asterisk has closed the connection."""
        return self._lost is None and not self._is_closed

    def action(self, name: str, /, **headers: str | int) -> dict[str, str]:
        """Send an action and return its response's headers. Raises ManagerError when it is refused.

        A header whose name is no Python identifier is given as `**{"Some-Header": "value"}`.
        """
        return self._await(self._open().action(name, **_texts(headers)))

    def listing(self, name: str, /, **headers: str | int) -> list[dict[str, str]]:
        """Send an action that answers with a list of events, such as CoreShowChannels, and return these events.

        The event that closes the list is left out. Raises ManagerError when the action is refused.
        """
        return self._await(self._open().listing(name, **_texts(headers)))

    def command(self, line: str) -> list[str]:
        """Run a line of Asterisk's command-line interface and return what it printed, also where it failed.

        Raises ManagerError when the account may not run it.
        """
        return self._await(self._open().command(line))

    def value(self, name: str) -> str:
        """Return a global variable or function, such as DEVICE_STATE(PJSIP/101); empty where it does not exist.

        Raises ManagerError when the account may not read it.
        """
        return self._await(self._open().value(name))

    def variable(self, channel: str, name: str) -> str | None:
        """Return a variable or function of a channel; None when the channel no longer exists."""
        return self._await(self._open().variable(channel, name))

    def wait_for(self, event: str, /, *, within: float = 10.0, **headers: str | int) -> dict[str, str]:
        """Return the oldest event of this name with these headers; wait for it at most `within` seconds.

        An event is returned once. It may have come before the call, so nothing is missed between two lines of a test;
        `forget` drops what has come so far. Raises TimeoutError.
        """
        wanted = {"Event": event, **_texts(headers)}
        deadline = time.monotonic() + within
        with self._news:
            while True:
                for number, came in enumerate(self._events):
                    if wanted.items() <= came.items():
                        return dict(self._events.pop(number))
                if not self.is_open:
                    break
                if not self._news.wait(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(self._not_come(event, headers, within))
        self._open()
        if self._lost is None or isinstance(self._lost, ManagerLostError):
            raise self._why_lost()
        raise self._lost

    def forget(self) -> None:
        """Drop the events that have come so far."""
        with self._news:
            self._events.clear()

    def close(self) -> None:
        """Log off. Further calls raise RuntimeError."""
        if self._is_closed:
            return
        with self._news:
            self._is_closed = True
            self._news.notify_all()
        try:
            if self._manager is not None:
                closing = asyncio.run_coroutine_threadsafe(_close(self._manager), self._loop)
                with contextlib.suppress(TimeoutError):
                    closing.result(CLOSED_WITHIN_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSED_WITHIN_S)
            if not self._thread.is_alive():  # else it is a daemon, and ends with this process
                self._loop.close()

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self.close()

    def _wait_booted(self, user: str, within: float) -> None:
        try:
            self.wait_for("FullyBooted", within=within)
        except TimeoutError:
            reason = f"or the account {user} may not read events of the class `system`"
            raise TimeoutError(f"Asterisk was not fully booted within {within:.0f} s, {reason}") from None

    def _open(self) -> Manager:
        if self._is_closed or self._manager is None:
            raise RuntimeError("this session of the manager interface is closed; `ami()` opens another one")
        return self._manager

    def _await(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run `work` in the thread and return its result. Raises what it raises, or what `why_lost` returns."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except ManagerLostError as fault:
            raise self._why_lost() from fault

    def _take(self, event: ManagerEvent) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    def _note_loss(self, fault: BrokenError) -> None:
        with self._news:
            self._lost = fault
            self._news.notify_all()

    def _not_come(self, event: str, headers: dict[str, str | int], within: float) -> str:
        """Return a sentence about the event that did not come, and about those that came instead."""
        like = [came for came in self._events if came.get("Event") == event]
        wanted = "".join(f" {key}={value}" for key, value in headers.items())
        sentence = f"no event {event}{wanted} within {within:g} s"
        if like:
            others = "; ".join(_shown(came, headers) for came in like[-SHOWN:])
            return f"{sentence}; {len(like)} of this name came: {others}"
        names = dict.fromkeys(came.get("Event", "") for came in reversed(self._events))
        return f"{sentence}; {', '.join(list(names)[:SHOWN]) or 'none'} came last"


def _texts(headers: dict[str, str | int]) -> dict[str, str]:
    return {key: str(value) for key, value in headers.items()}


def _shown(event: ManagerEvent, headers: dict[str, str | int]) -> str:
    return " ".join(f"{key}={event.get(key, '(none)')}" for key in headers)


async def _close(manager: Manager) -> None:
    await manager.close()
    await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn
