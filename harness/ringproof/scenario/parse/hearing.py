"""Reader of `caller hears:`, what a caller hears, by the kind of sound or by the file that the PBX plays."""

from __future__ import annotations

from typing import cast, get_args

from ringproof.core.problem import ReadingError, told
from ringproof.core.spelling import suggest
from ringproof.scenario.model.scenario import CallerHears, Prompt, Sound
from ringproof.scenario.syntax.tree import Listing, Table
from ringproof.scenario.syntax.values import each_once, entry, refuse_unknown, text_of
from ringproof.scenario.syntax.verbs import Sentence

SOUNDS: tuple[str, ...] = get_args(Sound)
PROMPT = ("prompt", "language")
_MEANT = "`caller hears: ringing`, or a list such as `[music, sound]`"


def read_caller_hears(sentence: Sentence) -> CallerHears:
    """Read a word, a prompt, or a list of both. Raises ReadingError."""
    listed = sentence.value.items if isinstance(sentence.value, Listing) else (sentence.value,)
    if not listed:
        raise ReadingError(sentence.value.source, "this list is empty", f"write {_MEANT}, or delete it")
    prompts = tuple(_prompt(item) for item in listed if isinstance(item, Table))
    texts = [text_of(item, "`caller hears`", _MEANT) for item in listed if not isinstance(item, Table)]
    for text in texts:
        if text.text not in SOUNDS:
            fix = suggest(text.text, SOUNDS, "write one of")
            raise ReadingError(text.source, f"`caller hears`: unknown word {told(text.text)}", fix)
    each_once(texts, "`caller hears`")
    sounds = tuple(dict.fromkeys([text.text for text in texts] + (["sound"] if prompts else [])))
    return CallerHears(source=sentence.verb.source, sounds=cast("tuple[Sound, ...]", sounds), prompts=prompts)


def _prompt(table: Table) -> Prompt:
    refuse_unknown(table, PROMPT, "a prompt")
    name, language = entry(table.entries, "prompt"), entry(table.entries, "language")
    if name is None:
        raise ReadingError(table.source, "a prompt has no name", "write `{prompt: welcome}`, the name of its file")
    return Prompt(
        name=text_of(name, "`prompt`", "the name of a file of sound, such as welcome").text,
        language=None
        if language is None
        else text_of(language, "`language`", "a language of the PBX, such as en").text,
    )
