"""The guard around every callback that pjsua2 makes into Python."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


class FaultReporter(Protocol):
    """Reports the exception that is being handled."""

    def fault(self) -> None:
        """Report it."""


class OfAPhone(Protocol):
    """An object that pjsua2 calls back, and that belongs to a phone."""

    @property
    def phone(self) -> FaultReporter:
        """The phone to which the exception is reported."""


_P = ParamSpec("_P")
_S = TypeVar("_S", bound=OfAPhone)


def guarded(callback: Callable[Concatenate[_S, _P], None]) -> Callable[Concatenate[_S, _P], None]:
    """Report what a callback raises. SWIG would print and swallow it, and the process might abort later."""

    @functools.wraps(callback)
    def guard(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except Exception:  # noqa: BLE001  whatever it is, the parent must learn of it
            self.phone.fault()

    return guard
