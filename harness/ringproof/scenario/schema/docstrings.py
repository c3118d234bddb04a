"""The docstrings below the fields of a model; editors show them as hover texts in an office file."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType


def field_docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """Return the docstrings below the fields of each class of a module, by class and field."""
    tree = ast.parse(inspect.getsource(module))
    return {part.name: _fields(part) for part in tree.body if isinstance(part, ast.ClassDef)}


def _fields(written: ast.ClassDef) -> dict[str, str]:
    said: dict[str, str] = {}
    for field, below in zip(written.body, written.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            said[field.target.id] = inspect.cleandoc(below.value.value)
    return said
