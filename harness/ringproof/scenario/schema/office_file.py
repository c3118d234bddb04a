"""The schema of office files: pydantic's schema of the models, converted from 2020-12 to draft-07 and YAML 1.2."""

from __future__ import annotations

from typing import Any

from ringproof.core.duration import write_duration
from ringproof.scenario.model import office as models
from ringproof.scenario.schema.docstrings import field_docstrings
from ringproof.scenario.schema.scalars import DRAFT_7, Schema, inside, number_from, one_of_words, text, whole

_BOOLEAN = r"[Tt]([Rr][Uu][Ee])?|[Yy]([Ee][Ss])?|[Oo][Nn]|1|[Ff]([Aa][Ll][Ss][Ee])?|[Nn][Oo]?|[Oo][Ff][Ff]|0"
"""The texts that pydantic accepts as true or false."""
_IN_THE_TYPE = frozenset(("title", "type", "pattern", "enum", "minimum", "maximum"))
"""Keywords that `_typed` converts, and titles: pydantic makes these of the names, so they add nothing."""
_BOUNDS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties")
_THE_SAME = frozenset(("$ref", "const", "description", "required", "additionalProperties", *_BOUNDS))
_NONE: tuple[object, ...] = (None, "", {}, [])
"""Defaults that the schema leaves out: a file omits such a key, and `key:` without a value is a mistake."""


def office_schema() -> Schema:
    """Return the schema of an office file. Raises LookupError, with the fix, for a keyword that cannot be converted."""
    raw = models.Office.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    parts = raw.pop("$defs")
    said = field_docstrings(models)
    return {
        "$schema": DRAFT_7,
        "title": "Ringproof office",
        **_model("Office", raw, said),
        "definitions": {name: _model(name, part, said) for name, part in parts.items()},
    }


def _model(name: str, raw: Schema, said: dict[str, dict[str, str]]) -> Schema:
    """Return the schema of a model, with descriptions.

    A field is described by the docstring below it. A constant field, or the only field, is described by the model's.
    """
    schema = draft_7(raw)
    model = getattr(models, name)
    docstrings = {key: text for base in reversed(model.__mro__) for key, text in said.get(base.__name__, {}).items()}
    fields = schema["properties"]
    for field_name, field in model.model_fields.items():
        key = field.alias or field_name
        if field_name in docstrings:
            fields[key] = {"description": docstrings[field_name], **inside(fields[key])}
        elif "const" in fields[key] or len(fields) == 1:
            fields[key] = {"description": schema["description"], **inside(fields[key])}
    if name == "Extension":  # `"101":` without a value is an extension, too
        schema["type"] = ["object", "null"]
    return schema


def draft_7(raw: Schema) -> Schema:
    """Convert pydantic's schema of a model, or of a part of one, to draft-07."""
    schema = _typed(raw)
    for keyword, value in raw.items():
        if keyword not in _IN_THE_TYPE:
            schema |= _turned(keyword, value)
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    return schema


def _turned(keyword: str, value: Any) -> Schema:  # noqa: ANN401 - JSON
    turned = value
    match keyword:
        case "default":
            turned = write_duration(value) if isinstance(value, float) else value
        case "properties":  # its keys are names of fields, not keywords
            turned = {name: draft_7(part) for name, part in value.items()}
        case "patternProperties":
            turned = {whole(form): draft_7(part) for form, part in value.items()}
        case "anyOf":
            turned = [draft_7(part) for part in value if part != {"type": "null"}]
        case "items" | "additionalProperties" if isinstance(value, dict):
            turned = draft_7(value)
        case _ if keyword not in _THE_SAME:
            raise LookupError(f"the schema of office files has no word for `{keyword}`: add it to {__name__}")
    if turned in _NONE:
        return {}
    return turned[0] if keyword == "anyOf" and len(turned) == 1 else {keyword: turned}


def _typed(raw: Schema) -> Schema:
    """Return the type of a value; it is wider if YAML 1.2 reads some of its texts as another type."""
    schema: Schema = {}
    match raw.get("type"):
        case "string" if "enum" in raw:
            schema = one_of_words(raw["enum"])
        case "string" if "const" not in raw:
            schema = text(raw.get("pattern", ""))
        case "boolean":
            schema = {"type": ["boolean", "integer", "string"], "minimum": 0, "maximum": 1, "pattern": whole(_BOOLEAN)}
        case "integer":
            schema = number_from(raw["minimum"], raw["maximum"], "[0-9]+")
        case "array" | "object" as kind:
            schema = {"type": kind}
        case None | "string":
            pass
        case kind:
            raise LookupError(f"the schema of office files has no word for the type {kind}: add it to {__name__}")
    return schema
