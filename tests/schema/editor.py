"""What an editor does: read YAML 1.2 (core schema) and look at it through a JSON Schema."""

from __future__ import annotations

import functools
import re
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from ringproof.scenario.schema import office_schema, scenario_schema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.resolver import VersionedResolver

FORMS = {
    "null": r"null|Null|NULL|~|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
"""What a word without quotes must look like to be no text (YAML 1.2.2, 10.3.2)."""


class CoreSchema(VersionedResolver):
    """Knows the words above only; ruamel.yaml's own has dates, `1_000` and `<<` of YAML 1.1 on top."""

    @property
    def versioned_resolver(self) -> dict[None, list[tuple[str, re.Pattern[str]]]]:
        return {
            None: [(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{form})$")) for kind, form in FORMS.items()],
        }


def read(content: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what YAML 1.2 makes of a file. Raises YAMLError; a key that stands twice is one, too."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = CoreSchema
    return with_text_keys(yaml.load(content))


def with_text_keys(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the value as JSON has it: a key is text, whatever it looks like."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): with_text_keys(inner) for key, inner in value.items()}
    return [with_text_keys(inner) for inner in value] if isinstance(value, list) else value


@functools.cache
def scenarios() -> Draft7Validator:
    """Return what looks at scenario files."""
    return _validator(scenario_schema())


@functools.cache
def offices() -> Draft7Validator:
    """Return what looks at office files."""
    return _validator(office_schema())


def _validator(schema: dict[str, Any]) -> Draft7Validator:
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def complaint(content: str, validator: Draft7Validator) -> str:
    """Return what an editor underlines in a file; nothing where it likes it."""
    try:
        value = read(content)
    except YAMLError as fault:
        return f"no YAML: {fault}"
    best = best_match(validator.iter_errors(value))
    return told(best) if best is not None else ""


def told(fault: ValidationError) -> str:
    """Return where the fault is and what it is."""
    return f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}"
