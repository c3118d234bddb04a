"""The PBX under test: its container, its manager interface, and its own capture of SIP.

For tests of one's own: `from ringproof.pbx import AsteriskContainer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringproof.pbx.ami import Ami as Ami
    from ringproof.pbx.asterisk_container import AsteriskContainer as AsteriskContainer
    from ringproof.pbx.asterisk_container import AsteriskReady as AsteriskReady
    from ringproof.pbx.ended import AsteriskEndedError as AsteriskEndedError
    from ringproof.pbx.manager import ManagerError as ManagerError
else:
    import importlib

    _PLACES = {
        "Ami": "ami",
        "AsteriskContainer": "asterisk_container",
        "AsteriskEndedError": "ended",
        "AsteriskReady": "asterisk_container",
        "ManagerError": "manager",
    }

    def __getattr__(name: str) -> object:
        """Import the name that is asked for; `import ringproof.pbx` alone imports none of them."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
