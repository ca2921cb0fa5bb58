"""DIFF: what changed between two runs, commits, environments, implementations or snapshots of the lakehouse.

    DIFF RUN | COMMIT | ENVIRONMENT | IMPLEMENTATION | VERSION a TO b FROM … [shared clauses] [AGAINST …] [NOISE c]
        [CHANGED ONLY]

Columns: `…, implementation_id, test_id, step_id, inputs, before, after, changed, status`; status is ADDED, REMOVED,
STIMULUS (the inputs differ), STABLE or CHANGED. AGAINST takes a reference as CHECK does, and replaces the last two by
UNKNOWN, STABLE, FIX, REGRESSION, STABLE_WRONG and DRIFT. Each end is selected first, and all shared clauses apply to
each side alone. Ordered by implementation, test and step.

    __before, __after, __repeat  the responses of each side
    __met                        the steps of before and after, joined
    __noise                      the steps of before and its repeat, joined
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.at import At
from srcql.clauses.cube import Cube
from srcql.clauses.equality import any_equality
from srcql.clauses.reader import Name, Piece, Reader
from srcql.clauses.shared import SHARED, any_missing, flag
from srcql.errors import UnknownName, suggestion
from srcql.lowering import behaviour, specified, verdicts
from srcql.lowering.against import Against
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import equal_pairs
from srcql.sql import identifier, listed, literal, same
from srcql.verbs.checks import check_tolerance_of_runs
from srcql.verbs.reference import against, check_reference
from srcql.verbs.verb import Verb

AXES = {
    "RUN": "run_id",
    "COMMIT": "git_commit_hash",
    "ENVIRONMENT": "environment_id",
    "IMPLEMENTATION": "implementation_id",
    "VERSION": "",
}
PASSED = "m.__old_verdict = 'PASS'", "m.__new_verdict = 'PASS'"
WORTH = (
    " WHEN m.__old_verdict IN ('PASS', 'FAIL') AND m.__new_verdict IN ('PASS', 'FAIL') THEN"
    f" CASE WHEN {PASSED[0]} AND {PASSED[1]} THEN 'STABLE' WHEN {PASSED[0]} THEN 'REGRESSION'"
    f" WHEN {PASSED[1]} THEN 'FIX' WHEN m.__changed THEN 'DRIFT' ELSE 'STABLE_WRONG' END ELSE 'UNKNOWN' END"
)
PLURAL = {"RUN": "runs", "COMMIT": "commits", "ENVIRONMENT": "environments", "IMPLEMENTATION": "implementations"}


@dataclass(frozen=True)
class End:
    """One end: a name, or the id of a snapshot."""

    name: Name
    version: int | None = None


@dataclass(frozen=True)
class Ends:
    """The two ends on one axis."""

    axis: str
    before: End
    after: End


def end(reader: Reader) -> End:
    """Read the name of an end, or the id of a snapshot."""
    span = reader.span
    if reader.next_type is not TokenType.NUMBER:
        return End(reader.name("a name or the id of a snapshot"))
    version = reader.number("a name or the id of a snapshot")
    return End(Name(str(version), span), version)


def noise(reader: Reader) -> End:
    """Read NOISE: the repeat of the first end."""
    reader.take("NOISE")
    return end(reader)


@dataclass(frozen=True)
class DiffClauses:
    """The own clauses of DIFF."""

    against: Against | None = None
    noise: End | None = None
    changed_only: bool = False


class Diff(Verb):
    """One DIFF statement."""

    word = "DIFF"
    form = f"DIFF {' | '.join(AXES)} a TO b"
    shared = {**SHARED, "USING": any_equality, "MISSING": any_missing}
    own = {"AGAINST": against, "NOISE": noise, "CHANGED ONLY": flag("CHANGED ONLY")}
    own_clauses = DiffClauses
    head: Ends
    clauses: DiffClauses
    results = ("implementation_id", "test_id", "step_id", "inputs", "before", "after", "changed", "status")
    order = ("implementation_id", "test_id", "step_id")

    @classmethod
    def read_head(cls, reader: Reader) -> Ends:
        """Read the axis and its two ends."""
        axis = reader.expect(tuple(AXES))
        before = end(reader)
        if not reader.take("TO"):
            hint = reader.quotes or f"use DIFF {axis} a TO b FROM …"
            raise reader.expected("TO and the second end", hint)
        return Ends(axis, before, end(reader))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    @property
    def ends(self) -> list[End]:
        """The two ends, and the repeat of the first where there is one."""
        return [self.head.before, self.head.after, *([self.clauses.noise] if self.clauses.noise else [])]

    def check(self, reader: Reader) -> None:
        """Reject ends that do not fit the axis, and clauses that leave nothing to compare."""
        super().check(reader)
        axis, given = self.head.axis, self.shared_clauses
        for each in self.ends:
            if (each.version is None) is (axis == "VERSION"):
                problem = "VERSION takes ids of snapshots" if axis == "VERSION" else f"{axis} takes names"
                hint = None if axis == "VERSION" else "quote a name that is not a plain word"
                raise reader.error(f"{problem}, found {each.name.text}", each.name.span, hint)
        if axis == "VERSION" and given.at:
            raise reader.error("DIFF VERSION takes no AT", given.at.span, "remove AT: the two ids are the snapshots")
        if axis == "VERSION" and self.cube.query:
            hint = "use FROM data_set or FROM *: the snapshots are those of the tables"
            raise reader.error("DIFF VERSION takes no query", self.cube.query.span, hint)
        if AXES[axis] in self.cube.by:
            name = next(name for name in given.by if name.text == AXES[axis])
            raise reader.error(f"BY {name.text} leaves nothing to compare: the two ends differ in it", name.span)
        if axis == "RUN" and given.runs and self.cube.each:
            raise reader.error("RUNS EACH leaves nothing to compare: each end is one run", given.runs.span)
        check_tolerance_of_runs(reader, self.cube)
        if self._against:
            self._check_reference(reader, self._against)

    def _check_reference(self, reader: Reader, reference: Against) -> None:
        check_reference(reader, self.cube, reference)
        ends = [each.name.text for each in self.ends] if self.head.axis == "RUN" else []
        if reference.kind == "RUN" and reference.name and reference.name.text in ends:
            raise reader.error("the reference cannot be one of the ends", reference.span)

    def select(self, lowering: Lowering) -> str:
        """Join the responses of the two sides, step by step."""
        specified.repeated(lowering, [self.cube.where] if self.cube.where else [])
        self._check_ends(lowering)
        names = ("__before", "__after", "__repeat")
        before, after, *repeat = [
            lowering.define(name, self._side(lowering, each)) for name, each in zip(names, self.ends, strict=False)
        ]
        rows = self._met(lowering, "__met", before, after)
        kept = ["__changed"] if self.clauses.changed_only else []
        for again in repeat:
            noise = self._met(lowering, "__noise", before, again)
            noisy = f"SELECT DISTINCT {listed(self._cell)} FROM {noise} WHERE __changed"
            kept.append(f"NOT EXISTS (SELECT 1 FROM ({noisy}) AS n WHERE {same('m', 'n', self._cell)})")
        where = f" WHERE {' AND '.join(kept)}" if kept else ""
        return (
            f"SELECT {listed([*self.cube.analysis, 'test_id', 'step_id', 'inputs'], 'm')}, {self._name} AS"
            f" implementation_id, m.__old AS before, m.__new AS after, m.__changed AS changed, {self._status} AS status"
            f" FROM {rows} AS m{where}"
        )

    @property
    def _cell(self) -> list[str]:
        """The columns that identify a cell on both sides."""
        who = [] if self.head.axis == "IMPLEMENTATION" else ["implementation_id"]
        return [*self.cube.analysis, *who, *(["run_id"] if self.cube.each else []), "test_id"]

    @property
    def _name(self) -> str:
        axis = self.head.axis == "IMPLEMENTATION"
        name = literal(self.head.after.name.text) if axis else "m.implementation_id"
        return f"{name} || '@' || coalesce(m.run_id, '')" if self.cube.each else name

    @property
    def _status(self) -> str:
        stimulus = "" if self.head.axis == "IMPLEMENTATION" else " WHEN m.__other_inputs THEN 'STIMULUS'"
        worth = WORTH if self._against else " WHEN m.__changed THEN 'CHANGED' ELSE 'STABLE' END"
        return f"CASE WHEN NOT m.__was THEN 'ADDED' WHEN NOT m.__is THEN 'REMOVED'{stimulus}{worth}"

    @property
    def _against(self) -> Against | None:
        return self.clauses.against

    def _lowering(self, lowering: Lowering, each: End) -> Lowering:
        cube: Cube = self.cube
        if each.version is not None:
            past = At(each.version, None, each.name.span)
            return lowering.side(replace(cube, selection=replace(cube.selection, at=past)))
        side = lowering.side(cube, one_run=self.head.axis == "RUN")
        return side.restricted(f"{AXES[self.head.axis]} = {literal(each.name.text)}")

    def _among(self, lowering: Lowering, each: End, against: Against) -> Lowering | None:
        """Return the lowering that has the reference, if the rows of the side may lack it.

        A side of DIFF IMPLEMENTATION has a single implementation. MISSING DROP IMPLEMENTATIONS keeps a reference only
        as the reference, and drops it from the rows.
        """
        if self.head.axis == "IMPLEMENTATION" and against.kind in ("ORACLE", "IMPLEMENTATION"):
            return lowering.side(self.cube)
        kept = self.cube.missing == "DROP IMPLEMENTATIONS" and against.kind == "IMPLEMENTATION"
        return self._lowering(lowering, each) if kept else None

    def _side(self, lowering: Lowering, each: End) -> str:
        """Return a query of the responses of one side, with `__response` if the equality makes classes."""
        side = self._lowering(lowering, each)
        columns = [*self._cell, "step_id", "inputs", "output"]
        columns += [] if self.cube.using.tolerance else ["__response"]
        columns += ["__flaky"] if side.compared else []
        if not self._against:
            traces = behaviour.traces(side, ["inputs", "output"])
            return f"{side.with_} SELECT {listed(columns)} FROM {traces}"
        found = verdicts.steps(side, self._against, ["inputs"], self._among(lowering, each, self._against))
        at = f"{same('t', 'v', side.step)} AND t.__who = v.__who"
        judged = f"{found.of.traces} AS t LEFT JOIN {found} AS v ON {at}"
        return f"{side.with_} SELECT {listed(columns, 't')}, v.verdict AS __verdict FROM {judged}"

    def _met(self, lowering: Lowering, name: str, before: Cte, after: Cte) -> Cte:
        """Define the steps of either side: whether each side has the step, and whether the two differ."""
        using, step = self.cube.using, [*self._cell, "step_id"]
        both = ", ".join(f"coalesce(b.{column}, a.{column}) AS {column}" for column in map(identifier, step))
        changed = "" if using.tolerance else f", {self._unequal(lowering)} AS __changed"
        worth = ", b.__verdict AS __old_verdict, a.__verdict AS __new_verdict" if self._against else ""
        joined = (
            f"SELECT {both}, b.step_id IS NOT NULL AS __was, a.step_id IS NOT NULL AS __is, b.output AS __old,"
            " a.output AS __new, CASE WHEN a.step_id IS NULL THEN b.inputs ELSE a.inputs END AS inputs,"
            f" b.inputs IS DISTINCT FROM a.inputs AS __other_inputs{changed}{worth}"
            f" FROM {before} AS b FULL JOIN {after} AS a ON {same('b', 'a', step)}"
        )
        if self.cube.missing == "IGNORE":
            at = same("m", "s", self._cell)
            had = " AND ".join(f"EXISTS (SELECT 1 FROM {side} AS s WHERE {at})" for side in (before, after))
            joined = f"SELECT * FROM ({joined}) AS m WHERE {had}"
        if not using.tolerance:
            return lowering.define(name, joined)
        return lowering.define(name, self._near(lowering.define(f"{name}_by_text", joined)))

    def _unequal(self, lowering: Lowering) -> str:
        unequal = "b.step_id IS NULL OR a.step_id IS NULL OR b.__response IS DISTINCT FROM a.__response"
        flaky = self._lowering(lowering, self.head.before).compared
        return f"{unequal} OR b.__flaky OR a.__flaky" if flaky else unequal

    def _near(self, joined: Cte) -> str:
        """Return a query that compares responses by TOLERANCE, once for each distinct pair of outputs."""
        unequal = "__was AND __is AND __old IS DISTINCT FROM __new"
        equal = equal_pairs(joined, "__old", "__new", unequal, self.cube.using)
        changed = "NOT (j.__was AND j.__is AND (j.__old IS NOT DISTINCT FROM j.__new OR coalesce(p.__equal, false)))"
        at = same("j", "p", ["__old", "__new"])
        return f"SELECT j.*, {changed} AS __changed FROM {joined} AS j LEFT JOIN ({equal}) AS p ON {at}"

    def _check_ends(self, lowering: Lowering) -> None:
        """Raise UnknownName for an end without selected rows; if WHERE selects no rows at all, the end must exist."""
        if self.head.axis == "VERSION":
            return self._check_snapshots(lowering)
        if _asks(self.cube.query):
            return None
        column, where = AXES[self.head.axis], self.cube.where
        condition = f"({where}) IS TRUE" if where and not _asks(where) else "true"
        conditions = ["specified_oracle IS NOT TRUE", *lowering.selected]
        rows = f"{lowering.table} AS observations WHERE {' AND '.join(conditions)}"
        found = lowering.ask(f"SELECT DISTINCT {column}, {condition} AS __selected FROM {rows}")
        if found is None:
            return None
        selected = {name for name, is_selected in found if is_selected} or {name for name, _ in found}
        for each in self.ends:
            if each.name.text not in selected:
                raise _unknown(self.head.axis, each.name, selected)
        return None

    def _check_snapshots(self, lowering: Lowering) -> None:
        """Raise UnknownName for a snapshot without selected rows; if WHERE selects nothing in any, without FROM's."""
        where = self.cube.where
        found = {each: self._has(lowering, each, None) for each in self.ends}
        if where and not _asks(where) and all(found.values()):
            selected = {each: self._has(lowering, each, where) for each in self.ends}
            found = selected if any(selected.values()) else found
        for each in self.ends:
            if not found[each]:
                raise UnknownName(f"no observations are selected for version {each.name}", span=each.name.span)

    def _has(self, lowering: Lowering, each: End, where: Piece | None) -> bool:
        """Return whether a snapshot has rows of FROM with a condition; true without a store."""
        side = self._lowering(lowering, each)
        conditions = ["specified_oracle IS NOT TRUE", *side.selected, *([f"({where})"] if where else [])]
        rows = f"{side.table} AS observations WHERE {' AND '.join(conditions)}"
        return side.ask(f"SELECT 1 FROM {rows} LIMIT 1") != []


def _asks(piece: Piece | None) -> bool:
    return piece is not None and piece.tree.find(exp.Placeholder, exp.Parameter) is not None


def _unknown(axis: str, name: Name, known: Iterable[str | None]) -> UnknownName:
    hint = suggestion(name.text, [each for each in known if each is not None], PLURAL[axis])
    return UnknownName(f"no observations are selected for {axis.lower()} {name}", span=name.span, hint=hint)
