"""The JSON Schemas (draft-07) of scenario and office files, for editors; made of what the readers themselves use.

Editors read YAML 1.2, where `0555123` is a number and `false` no text; for the reader every scalar is text. So what is
text there may be in the schema whatever YAML 1.2 makes of such a text. What the schema refuses the reader refuses, too;
the reader knows more (who exists, which moments fit together).
"""

from ringproof.scenario.schema.office_file import office_schema
from ringproof.scenario.schema.scenario_file import scenario_schema

__all__ = ["office_schema", "scenario_schema"]
