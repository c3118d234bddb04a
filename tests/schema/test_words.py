"""The schemas say all that the readers know, and say what it means."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ringproof.scenario.parse.behaviour import BEHAVIOUR
from ringproof.scenario.parse.expectations import EXPECTATION
from ringproof.scenario.parse.steps import STEP
from ringproof.scenario.schema import office_file, office_schema, scalars, scenario_file, scenario_schema, words
from ringproof.scenario.schema.words import Word

SCHEMAS = {"scenario": scenario_schema, "office": office_schema}


def parts(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every mapping in a schema."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts(part)


@pytest.mark.parametrize("make", SCHEMAS.values(), ids=SCHEMAS)
def test_every_key_says_what_it_means(make: Any) -> None:  # noqa: ANN401 - a function
    """Where a pointer hovers over it: a sentence."""
    for part in parts(make()):
        for key, value in part.get("properties", {}).items():
            if part.get("additionalProperties") is False:
                assert value["description"].endswith((".", ".)")), key


@pytest.mark.parametrize("make", SCHEMAS.values(), ids=SCHEMAS)
def test_every_mapping_is_closed(make: Any) -> None:  # noqa: ANN401 - a function
    """A key that nobody knows is refused wherever keys are known."""
    for part in parts(make()):
        if part.get("type") in ("object", ["object", "null"]):
            assert "additionalProperties" in part, part


@pytest.mark.parametrize("make", SCHEMAS.values(), ids=SCHEMAS)
def test_it_is_draft_07(make: Any) -> None:  # noqa: ANN401 - a function
    """Nothing of later drafts, nothing beside a reference, and all that is referred to is there, and used."""
    schema = make()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    later = {"$defs", "prefixItems", "unevaluatedProperties", "dependentRequired", "discriminator", "$anchor"}
    used = set()
    for part in parts(schema):
        assert not later & set(part)
        if "$ref" in part:
            assert set(part) == {"$ref"}
            used.add(part["$ref"].removeprefix("#/definitions/"))
        if "pattern" in part:
            assert "(?P" not in part["pattern"], "JavaScript knows no such groups"
    assert used == set(schema["definitions"])


@pytest.mark.parametrize(
    ("name", "grammar"),
    [("STEP", STEP), ("EXPECTATION", EXPECTATION), ("BEHAVIOUR", BEHAVIOUR)],
)
def test_a_verb_that_is_new_has_to_be_described(name: str, grammar: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Whoever adds it is told where."""
    monkeypatch.setattr(scenario_file, name, dataclasses.replace(grammar, verbs={**grammar.verbs, "sings": ()}))
    where = f"the verbs of a {grammar.what}: the schema knows nothing of `sings`"
    with pytest.raises(LookupError, match=f"^{where}; describe it in harness/ringproof/scenario/schema/words.py$"):
        scenario_schema()


def test_a_modifier_that_is_new_has_to_be_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whichever verb."""
    verbs = {**STEP.verbs, "call": ("at", "loudly")}
    monkeypatch.setattr(scenario_file, "STEP", dataclasses.replace(STEP, verbs=verbs))
    with pytest.raises(
        LookupError, match=r"^the modifiers of a step: the schema knows nothing of `loudly`; describe it"
    ):
        scenario_schema()


@pytest.mark.parametrize(
    "name", ["SHARED", "TOP", "CALLER", "CHOICE", "CLOCK", "CALLER_GETS", "MOMENT", "MOMENT_OF", "WORDS"]
)
def test_a_key_that_is_new_has_to_be_described(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file, a scenario, a caller and so on; a behaviour of one word, too."""
    monkeypatch.setattr(scenario_file, name, (*getattr(scenario_file, name), "colour"))
    with pytest.raises(LookupError, match="the schema knows nothing of `colour`; describe it in"):
        scenario_schema()


def test_a_verb_that_is_gone_is_not_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no reader knows no editor offers."""
    gone = {**words.STEP_VERBS, "sings": Word("Sings.", words.TIME)}
    monkeypatch.setattr(words, "STEP_VERBS", gone)
    with pytest.raises(LookupError, match=r"^the verbs of a step: the reader knows no `sings`; delete it from"):
        scenario_schema()


def test_a_word_of_pydantic_that_is_new_has_to_be_turned() -> None:
    """What a later draft means by it draft-07 may not know."""
    with pytest.raises(
        LookupError, match=r"no word for `prefixItems`: add it to ringproof.scenario.schema.office_file"
    ):
        office_file.draft_7({"type": "array", "prefixItems": []})
    with pytest.raises(LookupError, match="no word for the type number: add it to"):
        office_file.draft_7({"type": "number"})


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        ("", ["string", "number", "boolean"]),
        ("[0-9]{2,8}", ["string", "integer"]),
        ("[0-9*#]", ["string", "integer"]),
        (r"[+][0-9]{11}", ["string", "integer"]),
        ("[A-Za-z]+", ["string", "boolean"]),
        ("[0-9.]+", ["string", "number"]),
        (r"[0-9]+(\.[0-9]+)?(ms|s)", "string"),
        (r"\d{2}:\d{2}", "string"),
    ],
)
def test_what_a_text_may_be_for_an_editor(pattern: str, types: object) -> None:
    """Whatever YAML 1.2 makes of a text that fits."""
    assert scalars.text(pattern)["type"] == types


def test_patterns_fit_the_whole_text() -> None:
    """JSON Schema looks for a pattern anywhere."""
    assert scalars.whole("^a|b$") == "^(?:a|b)$"
    assert re.search(scalars.whole("(?P<day>mon|tue)"), "mon")
    assert not re.search(scalars.whole("(?P<day>mon|tue)"), "monday")
