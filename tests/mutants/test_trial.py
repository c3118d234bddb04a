"""How a mutant is chosen, tried and judged; no PBX: what the plays say is made up."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from harness.scenario.story import Scenario

from .coverage import Coverage, Ran, lines_run
from .dialplan import read
from .equivalent import dead_code, either_way, independent, no_circle, proven, reviewed, ringback
from .operators import Slip, slips
from .players import BROKEN, INVALID, Players, Seen
from .report import report
from .stories import stories_of
from .test_operators import SAMPLE, TEXT
from .trial import Chosen, Tried, choose, try_all

STORIES = stories_of("ring-all")[:3]
GREEN, RED = Seen(frozenset(), (), 1.0), Seen(frozenset({"ring-late"}), ("late",), 1.0)
BAD, REFUSED = Seen(frozenset({BROKEN}), ("broken",), 0.0), Seen(frozenset({INVALID}), ("refused",), 0.0)


class MadeUp(Players):
    """Says of each play what a test has it say."""

    def __init__(self, *said: Seen) -> None:
        """One after the other; the last one again and again."""
        self.said = list(said)
        self.played: list[str] = []

    def play(self, story: Scenario, _rendered: Path, _name: str, **_: object) -> Future[Seen]:
        self.played.append(story.name)
        future: Future[Seen] = Future()
        future.set_result(self.said.pop(0) if len(self.said) > 1 else self.said[0])
        return future

    def forget(self, name: str) -> None:
        pass


@pytest.fixture
def coverage(tmp_path: Path) -> Coverage:
    """Three stories: all run through every line, the second oftener, the third takes longest."""
    made = Coverage(STORIES, tmp_path / "offices")
    (dialplan,) = made.dialplans.values()
    walls, times = (1.0, 1.0, 9.0), (1, 4, 1)
    made.ran = {
        story.id: Ran(wall, {code.index: often for code in dialplan.code})
        for story, wall, often in zip(STORIES, walls, times, strict=True)
    }
    return made


def some_slip(coverage: Coverage, operator: str = "context") -> Chosen:
    """Any slip."""
    ((office, dialplan),) = coverage.dialplans.items()
    return Chosen({office: next(slip for slip in slips(dialplan) if slip.operator == operator)})


def tried(coverage: Coverage, players: Players, chosen: Chosen, folder: Path) -> Tried:
    """Try one."""
    (one,) = try_all([chosen], coverage, players, folder, 1)
    return one


def test_the_first_red_kills(coverage: Coverage, tmp_path: Path) -> None:
    """Stories that run through it often come first, then those that are short."""
    players = MadeUp(GREEN, RED)
    result = tried(coverage, players, some_slip(coverage), tmp_path)
    assert players.played == [STORIES[1].name, STORIES[0].name]
    assert (result.verdict, result.story, result.kinds) == ("killed", STORIES[0].name, ("ring-late",))


def test_who_is_green_everywhere_survives(coverage: Coverage, tmp_path: Path) -> None:
    """And it is said that all were played, or that none runs through it."""
    chosen = some_slip(coverage)
    result = tried(coverage, MadeUp(GREEN), chosen, tmp_path)
    assert (result.verdict, result.played, result.through) == ("survived", 3, 3)
    coverage.ran = {name: Ran(1.0, {}) for name in coverage.ran}
    result = tried(coverage, MadeUp(GREEN), chosen, tmp_path)
    assert (result.verdict, result.played, result.reason) == ("survived", 0, "no story runs through it")
    assert "no story runs through it" in report(coverage, [result], seed="1")


def test_a_rule_is_not_believed_against_a_red(coverage: Coverage, tmp_path: Path) -> None:
    """Equivalent is only what no story sees."""
    chosen = some_slip(coverage, "option")
    assert proven(coverage.dialplans[chosen.office], chosen.slip)
    assert tried(coverage, MadeUp(GREEN), chosen, tmp_path).verdict == "equivalent"
    assert tried(coverage, MadeUp(GREEN, RED), chosen, tmp_path).verdict == "killed"


def test_what_asterisk_refuses_is_dead_at_boot(coverage: Coverage, tmp_path: Path) -> None:
    """Nobody plays on it."""
    assert tried(coverage, MadeUp(REFUSED), some_slip(coverage), tmp_path).verdict == "refused at boot"


def test_a_broken_play_is_made_again(coverage: Coverage, tmp_path: Path) -> None:
    """A machine that stalled kills nobody; what breaks every time is told as broken, which is no green."""
    assert tried(coverage, MadeUp(BAD, BAD, GREEN), some_slip(coverage), tmp_path).verdict == "survived"
    assert tried(coverage, MadeUp(BAD), some_slip(coverage), tmp_path).kinds == (BROKEN,)


def test_a_seed_chooses_the_same_although_lines_are_added_elsewhere() -> None:
    """At most one of each operator at each line."""
    more = read(TEXT.replace("[group-b]", "[group-new]\nexten => s,1,Hangup(16)\n\n[group-b]"))
    told = [
        [(each.slip.operator, each.slip.lines[0][1]) for each in choose({"o": dialplan}, 20, "a")]
        for dialplan in (SAMPLE, more)
    ]
    assert len(set(told[0]) & set(told[1])) >= 17
    assert choose({"o": SAMPLE}, 20, "a") != choose({"o": SAMPLE}, 20, "b")
    places = [(each.slip.operator, each.slip.place.index) for each in choose({"o": SAMPLE}, 999, "a")]
    assert len(places) == len(set(places)) > 30


def test_what_offices_share_is_chosen_once_and_changed_in_all_of_them() -> None:
    """A mistake in a template is one mistake; it is tried by the stories of every office."""
    chosen = choose({"one": SAMPLE, "other": read(TEXT.replace("[group-a]", "[group-z]"))}, 999, "a")
    assert {tuple(each.places) for each in chosen if each.slip.place.context == "extensions"} == {("one", "other")}
    assert {tuple(each.places) for each in chosen if each.slip.place.context == "group-z"} == {("other",)}


def test_the_log_tells_which_lines_ran() -> None:
    """How often, too."""
    step = '[2026] VERBOSE[1][C-1] pbx.c: Executing [{}] Dial("PJSIP/trunk-0", "x") in new stack\n'
    log = step.format("s@group-a:3") * 2 + step.format("101@group-b:1") + step.format("s@nowhere:1")
    ran = lines_run(log, SAMPLE)
    assert {SAMPLE.lines[index].strip().partition("(")[0]: times for index, times in ran.items()} == {
        "same => n,Dial": 2,
        "exten => 101,1,Hangup": 1,
    }


SETS = """\
[a]
exten => s,1,Set(ONE=1)
 same => n,Set(TWO=2)
 same => n,Set(THREE=${TWO})
 same => n,Set(LIST=${SHIFT(THREE,&)})
 same => n,Goto(s,end)
 same => n,Set(DEAD=1)
 same => n(end),Dial(${ONE:1},15,rb(rung^s^1))
"""


def lines_of(rule: object, operator: str) -> set[int]:
    """Lines, counted from 1 in the context, at which a rule holds for slips of this operator."""
    dialplan = read(SETS)
    return {slip.place.index for slip in slips(dialplan) if slip.operator == operator and holds(rule, slip)}


def holds(rule: object, slip: Slip) -> bool:
    """Ask a rule."""
    return rule(read(SETS), slip)  # type: ignore[operator, no-any-return]


def test_what_the_rules_prove() -> None:
    """And what they do not."""
    assert lines_of(independent, "lines swapped") == {1}
    assert lines_of(dead_code, "number") == {6}
    assert lines_of(dead_code, "dropped") == {6}
    counted = read("[a]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,Set(ONE=1)\n same => n,Goto(b,s,1)\n")
    found = {slip.operator for slip in slips(counted) if no_circle(counted, slip)}
    assert found == {"dropped", "lines swapped", "number"}
    back = read("\n".join([*counted.lines, "[b]", "exten => s,1,Goto(c,s,1)", "[c]", "exten => 1,1,Goto(a,s,1)"]))
    assert not [slip for slip in slips(back) if no_circle(back, slip)]
    dropped = [slip.lines[0][1] for slip in slips(read(SETS)) if holds(ringback, slip)]
    assert dropped == [" same => n(end),Dial(${ONE:1},15,b(rung^s^1))"]


def test_it_is_all_one_which_question_about_the_time_comes_first() -> None:
    """Where both lead to the same place."""
    text = "[a]\nexten => s,1,GotoIfTime(9:00-12:00,mon,*,*?{})\n same => n,GotoIfTime(9:00-12:00,tue,*,*?open)\n"
    for way, found in (("open", ["lines swapped"]), ("closed", [])):
        hours = read(text.format(way))
        assert [slip.operator for slip in slips(hours) if either_way(hours, slip)] == found


def test_a_way_past_the_count_is_seen_only_where_it_leads_back() -> None:
    """Goto(b,s,2) where the first line of b counts."""
    text = "[a]\nexten => s,1,Goto(b,s,1)\n[b]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,{}\n"
    for onward, told in (("Hangup(16)", {"number"}), ("Goto(a,s,1)", set()), ("Goto(b,s,1)", set())):
        dialplan = read(text.format(onward))
        found = [slip for slip in slips(dialplan) if slip.place.context == "a" and no_circle(dialplan, slip)]
        assert {slip.operator for slip in found} == told
        assert {slip.lines[0][1] for slip in found} <= {"exten => s,1,Goto(b,s,2)"}


def test_what_somebody_has_looked_at_is_played_to_the_end(coverage: Coverage, tmp_path: Path) -> None:
    """He may be wrong; and a slip that he has not looked at has no reason."""
    ((office, dialplan),) = coverage.dialplans.items()
    meant = [slip for slip in slips(dialplan) if reviewed(dialplan, slip) and slip.place.context == "extensions"]
    assert meant
    chosen = next(slip for slip in meant if slip.operator == "dropped")
    result = tried(coverage, MadeUp(GREEN), Chosen({office: chosen}), tmp_path)
    assert (result.verdict, result.played, result.reason) == ("equivalent", 3, reviewed(dialplan, chosen))
    assert not any(reviewed(dialplan, slip) for slip in slips(dialplan) if slip.place.context == "from-trunk")


def test_offices_that_are_left_out_have_what_they_share_changed() -> None:
    """Nothing of their own."""
    own = choose({"two-lines": SAMPLE}, 999, "a")
    assert own == []
    shared = choose({"one": SAMPLE, "two-lines": SAMPLE}, 999, "a")
    assert {tuple(each.places) for each in shared} == {("one", "two-lines")}
