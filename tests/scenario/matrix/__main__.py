"""Print the table; a dot is a hole."""

from .table import table

for row, situations in table().items():
    print(row)  # noqa: T201 - speaks to the terminal
    for situation, names in situations.items():
        print(f"  {situation:26}{' | '.join(names) or '.'}")  # noqa: T201
