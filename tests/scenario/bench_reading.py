"""How long reading takes: `python -m tests.scenario.bench_reading`. Prints; asserts nothing (times vary by machine)."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ringproof.scenario.reading import read_scenarios

ROOT = Path(__file__).parents[2]
STORIES = 1000


def main() -> None:
    """Measure the import, 1,000 scenarios in one file, and the same in 1,000 files."""
    office = ROOT / "scenarios/offices/trading-company.yaml"
    head, story = (ROOT / "scenarios/progressive.ring.yaml").read_text(encoding="utf-8").split("scenarios:\n", 1)
    head = head.replace("offices/trading-company.yaml", str(office))
    story = story.split("\n\n")[6]  # the longest: five waves, a refusal, an answer
    name = story.split(":", 1)[0]
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import ringproof.scenario.reading"], check=True, cwd=ROOT)
        _tell("a new Python that imports the reader", begun)
    with tempfile.TemporaryDirectory() as folder:
        together = Path(folder, "together.ring.yaml")
        stories = "\n".join(story.replace(name, f"  story {number}", 1) for number in range(STORIES))
        together.write_text(f"{head}scenarios:\n{stories}\n", encoding="utf-8")
        apart = [Path(folder, f"{number}.ring.yaml") for number in range(STORIES)]
        for file in apart:
            file.write_text(f"{head}scenarios:\n{story}\n", encoding="utf-8")
        begun = time.perf_counter()
        found = read_scenarios(together)
        _tell(f"{len(found.scenarios)} scenarios in one file of {len(stories.splitlines())} lines", begun)
        begun = time.perf_counter()
        count = sum(len(read_scenarios(file).scenarios) for file in apart)
        _tell(f"{count} scenarios in {len(apart)} files", begun)
        together.write_text(f"{head}scenarios:\n{stories}\n  - x\n", encoding="utf-8")
        begun = time.perf_counter()
        found = read_scenarios(together)
        _tell(f"the same file with {len(found.problems)} syntax error in its last line", begun)


def _tell(what: str, begun: float) -> None:
    print(f"{time.perf_counter() - begun:7.3f} s  {what}")  # noqa: T201 - a bench speaks to the terminal


if __name__ == "__main__":
    main()
