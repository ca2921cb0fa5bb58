"""The verdict on a comparison: whether it fails, and why."""

from dataclasses import dataclass

from ..formats import counted
from .comparison import Comparison, Counts, KindCounts
from .escaping import one_line
from .request import Request
from .statement import NOT_COMPARABLE

NOTHING_COMPARED = "no step was compared: A and B share no step with the same inputs"
RAN_ONCE = "no code of B ran twice: flaky steps need at least two runs of the same code"
NOUNS = {"regression": "regression", "changed": "changed step", "flaky": "flaky step"}


@dataclass(frozen=True)
class Verdict:
    """PASSED, FAILED, or COMPARED if the request fails on nothing, with reasons."""

    word: str
    reasons: tuple[str, ...]
    unseen: tuple[str, ...] = ()  # the reasons to fail that no cell shows

    @property
    def failed(self) -> bool:
        """Whether the gate fails."""
        return self.word == "FAILED"

    def __str__(self) -> str:
        return f"{self.word}: {'; '.join(self.reasons)}"


def judge(comparison: Comparison) -> Verdict:
    """Return the verdict on the counts of all problems; each reason is enough to fail."""
    request, total = comparison.request, comparison.total
    if not total.compared:
        return _nothing_compared(request, total)
    if not request.fail_on:
        return Verdict("COMPARED", (_compared_statuses(total), *_not_compared(total)))
    found = [reason for kind in request.fail_on if (reason := _found(kind, total))]
    unseen = _undecidable(request, total)
    if found or unseen:
        return Verdict("FAILED", (*found, *unseen), unseen)
    none = " and ".join(f"no {NOUNS[kind]}" for kind in request.fail_on)
    return Verdict("PASSED", (f"{none} in {_compared(total)}", *_not_compared(total)))


def _nothing_compared(request: Request, total: Counts) -> Verdict:
    reasons = (NOTHING_COMPARED, *_not_compared(total))
    if not request.fail_on:
        return Verdict("COMPARED", reasons)
    return Verdict("FAILED", reasons, () if total.failed else reasons)


def _undecidable(request: Request, total: Counts) -> tuple[str, ...]:
    """Return why the absence of a kind cannot be known."""
    reasons = []
    if "regression" in request.fail_on and not total.judged:
        reference = one_line(request.against)
        reasons.append(f"no step was judged: {reference} expects no response in {_compared(total)}")
    if request.checks_flaky and total.ran_once and not total.kinds["flaky"].steps:
        reasons.append(RAN_ONCE)
    return tuple(reasons)


def _found(kind: str, total: Counts) -> str | None:
    found = total.kinds[kind]
    if not found.steps:
        return None
    removed = total.statuses.get("REMOVED", 0) if kind == "changed" else 0
    note = f", {removed:,} of them removed (MISSING IGNORE omits tests that A or B lacks)" if removed else ""
    return f"{counted(found.steps, NOUNS[kind])} {_extent(found)}{note}"


def _extent(found: KindCounts) -> str:
    return f"in {counted(found.cells, 'cell')} of {counted(found.problems, 'problem')}"


def _compared(total: Counts) -> str:
    return counted(total.compared, "compared step")


def _compared_statuses(total: Counts) -> str:
    found = [f"{steps:,} {status}" for status, steps in total.statuses.items() if status not in NOT_COMPARABLE]
    return f"{_compared(total)}, {', '.join(found)}"


def _not_compared(total: Counts) -> list[str]:
    labels = {"ADDED": "added", "REMOVED": "removed", "STIMULUS": "with different inputs"}
    found = [f"{total.statuses[status]:,} {label}" for status, label in labels.items() if status in total.statuses]
    return [f"not compared: {', '.join(found)}"] if found else []
