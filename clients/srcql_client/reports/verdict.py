"""Whether a comparison trips, and why: one line."""

from dataclasses import dataclass

from ..formats import counted
from .comparison import Comparison, Counts, Tripped
from .question import APART, Question
from .text import line

NOTHING_COMPARED = "nothing was compared: the two ends have no step in common that was given the same inputs"

RAN_ONCE = "nothing was run twice: only several runs of the same code can disagree"


@dataclass(frozen=True)
class Verdict:
    """What a gate makes of a comparison; `word` is PASSED, FAILED, or COMPARED where nothing was to fail on."""

    word: str
    reasons: tuple[str, ...]
    unshown: tuple[str, ...] = ()  # the reasons to fail that no cell shows

    @property
    def failed(self) -> bool:
        """Whether the gate is shut."""
        return self.word == "FAILED"

    def __str__(self) -> str:
        return f"{self.word}: {'; '.join(self.reasons)}"


def verdict(comparison: Comparison) -> Verdict:
    """The verdict over the counts of all problems: any one reason is enough to fail."""
    question, total = comparison.question, comparison.total
    if not total.compared:
        return _nothing_compared(question, total)
    if not question.fail_on:
        return Verdict("COMPARED", (_found(total), *_apart(total)))
    found = [reason for name in question.fail_on if (reason := _found_in_cells(name, total))]
    unshown = _unknown(question, total)
    if found or unshown:
        return Verdict("FAILED", (*found, *unshown), unshown)
    none = " and ".join(f"no {WORDS[name]}" for name in question.fail_on)
    return Verdict("PASSED", (f"{none} in {_compared(total)}", *_apart(total)))


WORDS = {"regression": "regression", "changed": "changed step", "flaky": "flaky step"}


def _nothing_compared(question: Question, total: Counts) -> Verdict:
    reasons = (NOTHING_COMPARED, *_apart(total))
    return (
        Verdict("FAILED", reasons, () if total.failed else reasons)
        if question.fail_on
        else Verdict("COMPARED", reasons)
    )


def _unknown(question: Question, total: Counts) -> tuple[str, ...]:
    """Why it cannot be known that there is none of what must not be found."""
    reasons = []
    if "regression" in question.fail_on and not total.judged:
        reasons.append(f"nothing was judged: {line(question.against)} expects nothing of {_compared(total)}")
    if question.asks_flaky and total.ran_once and not total.tripped["flaky"].steps:
        reasons.append(RAN_ONCE)
    return tuple(reasons)


def _found_in_cells(name: str, total: Counts) -> str | None:
    found = total.tripped[name]
    if not found.steps:
        return None
    removed = total.statuses.get("REMOVED", 0) if name == "changed" else 0
    gone = f", {removed:,} of them removed (MISSING IGNORE leaves out tests that one end lacks)" if removed else ""
    return f"{counted(found.steps, WORDS[name])} {_where(found)}{gone}"


def _where(found: Tripped) -> str:
    return f"in {counted(found.cells, 'cell')} of {counted(found.problems, 'problem')}"


def _compared(total: Counts) -> str:
    return counted(total.compared, "compared step")


def _found(total: Counts) -> str:
    """What was found where nothing is forbidden."""
    met = [f"{steps:,} {status}" for status, steps in total.statuses.items() if status not in APART]
    return f"{_compared(total)}, {', '.join(met)}"


def _apart(total: Counts) -> list[str]:
    """What could not be compared."""
    words = {"ADDED": "added", "REMOVED": "removed", "STIMULUS": "with other inputs"}
    found = [f"{total.statuses[status]:,} {said}" for status, said in words.items() if status in total.statuses]
    return [f"not compared: {', '.join(found)}"] if found else []
