"""The schema of `*.ring.yaml`: the keys from the readers, the description and value of each key from `words`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringproof.core.duration import FORM, SPAN
from ringproof.core.spelling import enumerate_words
from ringproof.scenario.model.office import EXTENSION
from ringproof.scenario.parse.behaviour import BEHAVIOUR, WORDS
from ringproof.scenario.parse.clock import CLOCK, SWEEP
from ringproof.scenario.parse.expectations import ANSWER_CHOICE, CALLER_GETS, CHOICE, CHOICE_NAME, EXPECTATION, SHOWN
from ringproof.scenario.parse.hearing import PROMPT
from ringproof.scenario.parse.needs import NEEDS
from ringproof.scenario.parse.participants import CALLER, CALLER_NAME, CONTACT
from ringproof.scenario.parse.steps import MOMENT, MOMENT_OF, STEP
from ringproof.scenario.scenario_file import LONGEST_NAME, OWN, SHARED, TOP
from ringproof.scenario.schema import words
from ringproof.scenario.schema.scalars import DRAFT_7, Schema, inside, text, whole
from ringproof.scenario.schema.words import Word, listed, ref
from ringproof.scenario.syntax.verbs import Grammar

_DIGITS_ONLY = EXTENSION.removeprefix("^").removesuffix("$")
_PHONE = f"{_DIGITS_ONLY}(/{CONTACT.pattern})?"
"""An extension, or one of its several phones."""
_NAME_OF_SCENARIO = rf"^(?!.*::)[^\s\[\]](?:[^\[\]\r\n]{{0,{LONGEST_NAME - 2}}}[^\s\[\]])?$"


def scenario_schema() -> Schema:
    """Return the schema of a scenario file.

    Raises LookupError, with the fix, if the readers know a key that `words` does not describe, or the reverse.
    """
    return {
        "$schema": DRAFT_7,
        "title": "Ringproof scenarios",
        **closed("a scenario file", TOP, {**words.TOP_WORDS, **words.SHARED_WORDS}, required=("pbx", "scenarios")),
        # these two keys stand in every scenario, or once at file level for all
        "allOf": [_needed(key) for key in ("when", "expect")],
        "definitions": _definitions(),
    }


def closed(what: str, keys: Iterable[str], said: Mapping[str, Word], *, required: Iterable[str] = ()) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    _same(what, keys, said)
    schema: Schema = {
        "type": "object",
        "properties": {key: {"description": said[key].says, **inside(said[key].value)} for key in keys},
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


def lines(grammar: Grammar, verbs: Mapping[str, Word], modifiers: Mapping[str, Word]) -> list[Schema]:
    """Return the schema of one closed mapping for each verb: the verb and its modifiers."""
    _same(f"the verbs of a {grammar.what}", grammar.verbs, verbs)
    _same(
        f"the modifiers of a {grammar.what}",
        dict.fromkeys(key for keys in grammar.verbs.values() for key in keys),
        modifiers,
    )
    shown = {verb: {verb: verbs[verb], **{key: modifiers[key] for key in keys}} for verb, keys in grammar.verbs.items()}
    return [{"title": verb} | closed(verb, said, said, required=[verb]) for verb, said in shown.items()]


def _definitions() -> Schema:
    steps = lines(STEP, words.STEP_VERBS, words.STEP_MODIFIERS)
    expectations = lines(EXPECTATION, words.EXPECTATION_VERBS, words.EXPECTATION_MODIFIERS)
    behaviours = lines(BEHAVIOUR, words.BEHAVIOUR_VERBS, words.BEHAVIOUR_MODIFIERS)
    _same("the behaviours of one word", WORDS, words.BEHAVIOUR_WORDS)
    return {
        "time": text(FORM.pattern) | {"description": "A number and its unit: 20s, 1.5s, 500ms, 2m, 1h."},
        "extension": text(f"{_PHONE}|any|caller|pbx"),
        "whom": text(f"{_PHONE}|{CHOICE_NAME.pattern}"),
        "caller": text(CALLER_NAME.pattern),
        "callers": {
            "type": "object",
            "patternProperties": {
                whole(CALLER_NAME.pattern): closed("a caller", CALLER, words.CALLER_WORDS, required=CALLER)
            },
            "additionalProperties": False,
        },
        "phones": {
            "type": "object",
            "patternProperties": {whole(_PHONE): ref("behaviour")},
            "additionalProperties": False,
        },
        "behaviour": {
            "anyOf": [
                *({"const": word, "description": says} for word, says in words.BEHAVIOUR_WORDS.items()),
                *behaviours,
            ]
        },
        "steps": listed({"anyOf": steps}, minItems=1),
        "moment": closed("`at`", MOMENT, words.MOMENT_WORDS, required=MOMENT),
        "moment of": closed("`of`", MOMENT_OF, words.MOMENT_OF_WORDS) | {"minProperties": 1, "maxProperties": 1},
        "expectations": listed({"anyOf": expectations}, minItems=1),
        "expectations by caller": {
            "type": "object",
            "additionalProperties": {"anyOf": [ref("expectations"), listed(ref("expectations"), minItems=2)]},
            "minProperties": 1,
        },
        "answer choice": closed("an answer", ANSWER_CHOICE, words.ANSWER_CHOICE_WORDS, required=("one_of",)),
        "shown": closed("an entry of `shows`", SHOWN, words.SHOWN_WORDS, required=SHOWN),
        "prompt": closed("a prompt", PROMPT, words.PROMPT_WORDS, required=("prompt",)),
        "choice": closed("a choice", CHOICE, words.CHOICE_WORDS, required=("one_of",)),
        "caller gets": closed("`caller gets`", CALLER_GETS, words.CALLER_GETS_WORDS) | {"minProperties": 1},
        "span": text(SPAN.pattern) | {"description": "A whole number and its unit: 30s, 30m, 12h, 7d."},
        "clock": closed("`clock`", CLOCK, words.CLOCK_WORDS, required=("starts",)) | {"dependencies": _sweep()},
        "needs": closed("`needs`", NEEDS, words.NEEDS_WORDS, required=NEEDS),
        "scenarios": {
            "type": "object",
            "minProperties": 1,
            "patternProperties": {
                _NAME_OF_SCENARIO: closed("a scenario", (*SHARED, *OWN), {**words.SHARED_WORDS, **words.SCENARIO_WORDS})
            },
            "additionalProperties": False,
        },
    }


def _sweep() -> Schema:
    """Return what each key of a sweep requires: the other key, and one start date to count from."""
    one_date = {"properties": {"starts": words.DATE}}
    return {key: {"required": [*SWEEP], **one_date} for key in SWEEP}


def _needed(key: str) -> Schema:
    each = {"properties": {"scenarios": {"additionalProperties": {"required": [key]}}}}
    return {"if": {"not": {"required": [key]}}, "then": each}


def _same(what: str, there: Iterable[str], said: Mapping[str, object]) -> None:
    """Raise LookupError unless exactly the existing keys are described."""
    there = tuple(there)
    unsaid = [key for key in there if key not in said]
    if unsaid:
        told = enumerate_words(f"`{key}`" for key in unsaid)
        raise LookupError(
            f"{what}: the schema knows nothing of {told}; describe it in harness/ringproof/scenario/schema/words.py"
        )
    gone = [key for key in said if key not in there]
    if gone:
        told = enumerate_words(f"`{key}`" for key in gone)
        raise LookupError(
            f"{what}: the reader knows no {told}; delete it from harness/ringproof/scenario/schema/words.py"
        )
