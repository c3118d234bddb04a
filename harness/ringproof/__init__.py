"""Ringproof: write down who must ring, in which order and for how long; real calls prove it.

The names below are imported when they are first used: the set-up runs with a bare Python, of any version, before any
dependency is installed, and it imports this package, too. So this file uses only syntax and modules that each has.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ringproof.api.by_hand import Asterisk, Caller, Phone
    from ringproof.api.errors import (
        InvalidStoryError,
        PlayBrokenError,
        RingproofError,
        ScenarioFailedError,
        ScenarioSkippedError,
        ScenarioUnsteadyError,
    )
    from ringproof.api.observation import Call, Observation, Ring, Wave
    from ringproof.api.run import Run, play
    from ringproof.api.scenario import Scenario

__version__ = "0.2.0"

__all__ = [
    "Asterisk",
    "Call",
    "Caller",
    "InvalidStoryError",
    "Observation",
    "Phone",
    "PlayBrokenError",
    "Ring",
    "RingproofError",
    "Run",
    "Scenario",
    "ScenarioFailedError",
    "ScenarioSkippedError",
    "ScenarioUnsteadyError",
    "Wave",
    "__version__",
    "play",
]

_MODULES = {
    "Asterisk": "by_hand",
    "Call": "observation",
    "Caller": "by_hand",
    "InvalidStoryError": "errors",
    "Observation": "observation",
    "Phone": "by_hand",
    "PlayBrokenError": "errors",
    "Ring": "observation",
    "RingproofError": "errors",
    "Run": "run",
    "Scenario": "scenario",
    "ScenarioFailedError": "errors",
    "ScenarioSkippedError": "errors",
    "ScenarioUnsteadyError": "errors",
    "Wave": "observation",
    "play": "run",
}
"""The module of `ringproof.api` that has a public name."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        message = "module 'ringproof' has no attribute '" + name + "'"
        raise AttributeError(message)
    value = getattr(import_module("ringproof.api." + _MODULES[name]), name)  # type: object
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
