"""The table of wrong PBXes."""

from __future__ import annotations

from .mutant import Mutant
from .wrong_chances import WRONG_CHANCES
from .wrong_groups import WRONG_GROUPS
from .wrong_legs import WRONG_LEGS
from .wrong_sounds import WRONG_SOUNDS
from .wrong_ways import WRONG_WAYS

MUTANTS: tuple[Mutant, ...] = (*WRONG_GROUPS, *WRONG_LEGS, *WRONG_WAYS, *WRONG_SOUNDS, *WRONG_CHANCES)
