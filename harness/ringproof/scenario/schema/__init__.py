"""The JSON Schemas (draft-07) of scenario and office files, for editors; made from the keys and models of the readers.

Editors read YAML 1.2, in which `0555123` is a number and `false` a boolean; for the reader every scalar is a text. So
where the reader expects a text, the schema allows every type that YAML 1.2 may read it as. The reader refuses all that
the schema refuses, and more: it checks which phones and callers exist and which moments fit together.
"""

from ringproof.scenario.schema.office_file import office_schema
from ringproof.scenario.schema.scenario_file import scenario_schema

__all__ = ["office_schema", "scenario_schema"]
