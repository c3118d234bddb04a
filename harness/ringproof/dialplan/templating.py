"""Fill the Jinja2 templates: a value that a template does not get is an error, never an empty text."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES = Environment(
    loader=PackageLoader("ringproof.dialplan"),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 - no HTML; what would break a .conf file is refused by ringproof.dialplan.safety
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def fill(template: str, **values: object) -> str:
    """Return the template's text with its values filled in. Raises jinja2.UndefinedError where one is missing."""
    return _TEMPLATES.get_template(template).render(values)
