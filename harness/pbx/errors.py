"""What makes a play broken: the environment or the harness failed, so nothing is said about the PBX's routing."""

from __future__ import annotations


class BrokenError(Exception):
    """Exit 3. One sentence that says what failed, and a hint that says what to do."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        """Keep both apart: front ends lay them out."""
        super().__init__(sentence, hint)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        """Sentence, and the hint on a line of its own."""
        return f"{self.sentence}\n   hint: {self.hint}" if self.hint else self.sentence
