"""SIMILARITY: how similarly implementations behave, pair by pair.

    SIMILARITY [AGREEMENT | JACCARD | EDIT | function] FROM … [shared clauses] [MIN s] [TOP n]

Columns: `…, left_id, right_id, similarity, n_common, n_equal, n_missing`, over the tests that both have. AGREEMENT:
equal cells / common cells; JACCARD of the sets of (test, step, response); EDIT: 1 - edit distance / longer length of
the outputs, the mean over common steps; a user-defined function likewise. Ordered by left and right.

Of implementations that behave alike, one leader is compared with the others:

    __whole       each cell, as numbers that are equal for equal cells
    __behaviours  each implementation and its number, with the number of its leader
    __leaders     the cells of the leaders; __said has their steps
    __common      pairs of leaders, with the number of their common tests
    __texts       the leaders' outputs, numbered: a pair of texts is measured once
"""

import math
import sys
from dataclasses import dataclass

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.equality import CLASSES_HINT, any_equality
from srcql.clauses.reader import Name, Reader
from srcql.clauses.shared import SHARED, any_missing, whole_number
from srcql.clauses.shares import fraction
from srcql.errors import InvalidQuery, Unsupported
from srcql.lowering import behaviour
from srcql.lowering.behaviour import Traces
from srcql.lowering.cte import Cte
from srcql.lowering.engines import ELSEWHERE
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import equal_pairs
from srcql.sql import listed, literal, quoted, same
from srcql.verbs.checks import check_tolerance_of_runs
from srcql.verbs.verb import Verb

MEASURES = ("AGREEMENT", "JACCARD", "EDIT")
MOST_PAIRS = 1_000_000
PAIR = "l.__number AS __left, r.__number AS __right"
FEW = 1414  # the most implementations that have at most MOST_PAIRS
FEWER = "use TOP n for the most similar pairs, MIN s for a least similarity, or select fewer implementations with WHERE"


def least(reader: Reader) -> str:
    """Read MIN: the least similarity in the result."""
    reader.take("MIN")
    sign = "-" if reader.sign(TokenType.DASH) else ""
    number = fraction(reader)
    if number is None:
        raise reader.expected("a number", "as in MIN 0.8 or MIN 2/3")
    return f"CAST('{sign}{float(number) if number <= sys.float_info.max else math.inf}' AS DOUBLE)"


@dataclass(frozen=True)
class Behaviours:
    """The implementations of each behaviour, its leader cell by cell and step by step, and the tests of an analysis."""

    members: Cte
    leaders: Cte
    said: Cte
    universe: Cte


@dataclass(frozen=True)
class SimilarityClauses:
    """The own clauses of SIMILARITY; `min` is the least similarity, as SQL."""

    min: str | None = None
    top: int | None = None


class Similarity(Verb):
    """One SIMILARITY statement."""

    word = "SIMILARITY"
    form = f"SIMILARITY [{' | '.join(MEASURES)} | function]"
    shared = {**SHARED, "USING": any_equality, "MISSING": any_missing}
    own = {"MIN": least, "TOP": whole_number("TOP", "a number of pairs")}
    own_clauses = SimilarityClauses
    head: str | Name
    clauses: SimilarityClauses
    results = ("left_id", "right_id", "similarity", "n_common", "n_equal", "n_missing")
    order = ("left_id", "right_id")

    @classmethod
    def read_head(cls, reader: Reader) -> str | Name:
        """Read the measure: one of ours, or the name of a function."""
        if reader.at("FROM"):
            return MEASURES[0]
        known = next((word for word in MEASURES if reader.take(word)), None)
        return known or reader.name(f"{', '.join(MEASURES)} or the name of a function")

    def check(self, reader: Reader) -> None:
        """Reject TOLERANCE for measures that need sets of responses, and for runs that are compared."""
        super().check(reader)
        tolerance = self.cube.using.tolerance
        if tolerance and self.head != "AGREEMENT":
            raise reader.error("only the measure AGREEMENT takes TOLERANCE", tolerance.span, CLASSES_HINT)
        check_tolerance_of_runs(reader, self.cube)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Compare different behaviours once, and show the result for every pair of implementations."""
        if isinstance(self.head, Name):
            lowering.check_measure(self.head, MEASURES)
        many = not self.clauses.min and not self.clauses.top and self._may_be_many(lowering)
        traces = behaviour.traces(lowering, ["output"] if self._by_text else [])
        if many:
            self._check_pairs(lowering, traces)
        of = self._behaviours(lowering, traces)
        common = self._common(lowering, of)
        rows = f"SELECT {', '.join(self._shown)} FROM {self._pairs(of, common, self._values(lowering, of, common))}"
        if self.clauses.min:
            rows = f"SELECT * FROM ({rows}) WHERE similarity >= {self.clauses.min}"
        if self.clauses.top:
            first = "similarity DESC NULLS LAST, left_id, right_id, __left, __right"
            number = f"row_number() OVER (PARTITION BY {listed(self.cube.analysis)} ORDER BY {first})"
            rows = f"SELECT * FROM ({rows}) QUALIFY {number} <= {self.clauses.top}"
        return rows

    def _may_be_many(self, lowering: Lowering) -> bool:
        """Whether a problem may have too many pairs: the clauses may still select fewer implementations."""
        entry = [*self.cube.by, "implementation_id", *(["run_id"] if self.cube.each else [])]
        rows = f"{lowering.table} AS observations WHERE {' AND '.join(['true', *lowering.selected])}"
        entries = f"SELECT DISTINCT {listed(['data_set_id', 'problem_id', *entry])} FROM {rows}"
        each = f"SELECT data_set_id, problem_id, count(*) AS __n FROM ({entries}) GROUP BY data_set_id, problem_id"
        return bool(lowering.ask(f"SELECT 1 FROM ({each}) WHERE __n > {FEW} LIMIT 1"))

    def _check_pairs(self, lowering: Lowering, traces: Cte) -> None:
        analysis = listed(self.cube.analysis)
        each = f"SELECT {analysis}, count(DISTINCT __who) AS __n FROM {traces} GROUP BY {analysis}"
        pairs = f"SELECT data_set_id, problem_id, CAST(sum(__n * (__n - 1) // 2) AS BIGINT) AS __pairs FROM ({each})"
        many = f"SELECT * FROM ({pairs} GROUP BY data_set_id, problem_id) WHERE __pairs > {MOST_PAIRS}"
        for data_set, problem, count in lowering.ask(f"{many} ORDER BY data_set_id, problem_id LIMIT 1") or ():
            where = f"{quoted(data_set)}.{quoted(problem)}"
            message = f"{where} has {count} pairs, and at most {MOST_PAIRS} are allowed"
            raise InvalidQuery(message, span=self.place, hint=FEWER)

    @property
    def _function(self) -> str | None:
        """The measure of two texts, as SQL over `l` and `r`, rows of `__texts`; None for a measure of sets."""
        if isinstance(self.head, Name):
            return f"measure({literal(self.head.text)}, l.output, r.output)"
        return "edit_similarity(l.output, r.output)" if self.head == "EDIT" else None

    @property
    def _by_text(self) -> bool:
        return self._function is not None or self.cube.using.tolerance is not None

    @property
    def _once(self) -> str:
        """The condition that takes each pair of leaders once; a user-defined function may depend on the order."""
        return "true" if isinstance(self.head, Name) else "l.__number <= r.__number"

    def _behaviours(self, lowering: Lowering, traces: Traces) -> Behaviours:
        analysis = listed(self.cube.analysis)
        whole = self._whole(lowering, traces)
        members = self._members(lowering, whole)
        leads = f"{same('t', 'b', self.cube.analysis)} AND t.__who = b.__who AND b.__number = b.__leader"
        of = f"AS t JOIN {members} AS b ON {leads}"
        leaders = lowering.define("__leaders", f"SELECT t.*, b.__number FROM {whole} {of}")
        said = lowering.define("__said", f"SELECT t.*, b.__number FROM {traces} {of}")
        tests = f"SELECT {analysis}, count(DISTINCT test_id) AS __tests FROM {whole} GROUP BY {analysis}"
        return Behaviours(members, leaders, said, lowering.define("__universe", tests))

    def _whole(self, lowering: Lowering, traces: Traces) -> Cte:
        row_hash = lowering.forms.row_hash
        response = "output" if self.cube.using.tolerance else "__response"
        text = "output" if self._by_text else "1"
        cell = listed([*self.cube.analysis, "__entry", "__who", "test_id"])
        one = f"sum({row_hash.format('step_id', response, text)}) AS __text"
        whole = (
            f"SELECT {cell}, count(*) AS __steps, sum({row_hash.format('step_id', response, '1')}) AS __one,"
            f" sum({row_hash.format(response, '2', 'step_id')}) AS __other, {one} FROM {traces} GROUP BY {cell}"
        )
        return lowering.define("__whole", whole)

    def _members(self, lowering: Lowering, whole: Cte) -> Cte:
        analysis, row_hash = self.cube.analysis, lowering.forms.row_hash
        who, alike = listed([*analysis, "__entry", "__who"]), listed([*analysis, "__first", "__second", "__tests"])
        did = (
            f"SELECT {who}, count(*) AS __tests, sum({row_hash.format('test_id', '__one', '__text')}) AS __first,"
            f" sum({row_hash.format('__other', '__text', 'test_id')}) AS __second FROM {whole} GROUP BY {who}"
        )
        number = f"row_number() OVER (ORDER BY {listed([*analysis, '__who'])}) AS __number"
        leader = f"min(__number) OVER (PARTITION BY {alike}) AS __leader"
        return lowering.define("__behaviours", f"SELECT *, {leader} FROM (SELECT *, {number} FROM ({did}))")

    def _common(self, lowering: Lowering, of: Behaviours) -> Cte:
        """Count the tests that both leaders of a pair have."""
        equal, met = "l.__steps = r.__steps AND l.__one = r.__one AND l.__other = r.__other", ""
        if self.cube.using.tolerance:
            equal = "l.__steps = r.__steps AND l.__steps = n.__near"
            met = f" LEFT JOIN {self._near(lowering, of)} AS n ON l.test_id = n.test_id"
            met += " AND n.__left = l.__number AND n.__right = r.__number"
        common = (
            f"SELECT {PAIR}, count(*) AS n_common, count(*) FILTER ({equal}) AS n_equal,"
            f" sum(l.__steps + r.__steps) AS __both FROM {of.leaders} AS l JOIN {of.leaders} AS r"
            f" ON {same('l', 'r', lowering.test)} AND {self._once}{met} GROUP BY ALL"
        )
        return lowering.define("__common", common)

    def _met(self, lowering: Lowering, of: Cte, columns: str, more: str = "") -> str:
        """Return a query of the steps that two leaders have in common."""
        step = same("l", "r", lowering.step)
        return f"SELECT {columns} FROM {of} AS l JOIN {of} AS r ON {step} AND {self._once}{more}"

    def _near(self, lowering: Lowering, of: Behaviours) -> Cte:
        """Count the equal steps of each test of two leaders; each pair of outputs is compared once."""
        columns = f"{PAIR}, l.test_id, l.output AS __old, r.output AS __new"
        steps = lowering.define("__met", self._met(lowering, of.said, columns))
        compared = equal_pairs(steps, "__old", "__new", "__old IS DISTINCT FROM __new", self.cube.using)
        equal = "count(*) FILTER (m.__old IS NOT DISTINCT FROM m.__new OR p.__equal) AS __near"
        test, at = "m.test_id, m.__left, m.__right", same("m", "p", ["__old", "__new"])
        near = f"SELECT {test}, {equal} FROM {steps} AS m LEFT JOIN ({compared}) AS p ON {at} GROUP BY {test}"
        return lowering.define("__near", near)

    def _values(self, lowering: Lowering, of: Behaviours, common: Cte) -> Cte:
        """Define `__valued`: how similar two leaders are."""
        if self.head == "AGREEMENT":
            agreement = f"SELECT __left, __right, n_equal / nullif(n_common, 0) AS __value FROM {common}"
            return lowering.define("__valued", agreement)
        if self.head == "JACCARD":
            return lowering.define("__valued", self._jaccard(lowering, of, common))
        return lowering.define("__valued", self._means(lowering, of))

    def _jaccard(self, lowering: Lowering, of: Behaviours, common: Cte) -> str:
        equal = self._met(lowering, of.said, PAIR, " AND l.__response IS NOT DISTINCT FROM r.__response")
        shared = f"SELECT __left, __right, count(*) AS __shared FROM ({equal}) GROUP BY __left, __right"
        value = "coalesce(s.__shared, 0) / nullif(k.__both - coalesce(s.__shared, 0), 0) AS __value"
        both = f"{common} AS k LEFT JOIN ({shared}) AS s ON {same('k', 's', ['__left', '__right'])}"
        return f"SELECT k.__left, k.__right, {value} FROM {both}"

    def _means(self, lowering: Lowering, of: Behaviours) -> str:
        """Return the mean of a measure over the steps at which both have an output; each pair is measured once."""
        if not lowering.forms.ordered_sum:
            message = "the SQL of this engine does not support the mean of a measure"
            raise Unsupported(message, span=self.place, hint=ELSEWHERE)
        outputs = f"SELECT DISTINCT output FROM {of.said} WHERE output IS NOT NULL"
        numbered = f"SELECT output, row_number() OVER (ORDER BY output) AS __text FROM ({outputs})"
        texts = lowering.define("__texts", numbered)
        step = listed([*lowering.step, "__number"], "s")
        spoken = f"SELECT {step}, t.__text FROM {of.said} AS s JOIN {texts} AS t ON s.output = t.output"
        steps = self._steps_of_texts(lowering, lowering.define("__spoken", spoken))
        measured = (
            f"SELECT p.*, {self._function} AS __alike FROM (SELECT DISTINCT __old, __new FROM {steps}) AS p"
            f" JOIN {texts} AS l ON p.__old = l.__text JOIN {texts} AS r ON p.__new = r.__text"
        )
        mean = f"{lowering.forms.ordered_sum.format('__alike')} / count(*) AS __value"
        alike = f"{steps} AS m JOIN ({measured}) AS p ON m.__old = p.__old AND m.__new = p.__new"
        return f"SELECT __left, __right, {mean} FROM {alike} GROUP BY __left, __right"

    def _steps_of_texts(self, lowering: Lowering, spoken: Cte) -> Cte:
        old, new = "l.__text", "r.__text"
        if not isinstance(self.head, Name):
            old, new = f"least({old}, {new})", f"greatest({old}, {new})"
        return lowering.define("__met", self._met(lowering, spoken, f"{PAIR}, {old} AS __old, {new} AS __new"))

    def _pairs(self, of: Behaviours, common: Cte, values: Cte) -> str:
        """Return a join of every pair of implementations with the values of their leaders."""
        analysis, each = self.cube.analysis, self.cube.each
        before = "a.__entry < b.__entry"
        before = f"({before} OR a.__entry = b.__entry AND a.__who < b.__who)" if each else before
        left, right = (
            ("a.__leader", "b.__leader")
            if isinstance(self.head, Name)
            else ("least(a.__leader, b.__leader)", "greatest(a.__leader, b.__leader)")
        )
        known = " LEFT JOIN {0} AS {1} ON {1}.__left = " + left + " AND {1}.__right = " + right
        return (
            f"{of.members} AS a JOIN {of.members} AS b ON {same('a', 'b', analysis)} AND {before}"
            f" JOIN {of.universe} AS u ON {same('a', 'u', analysis)}"
            f"{known.format(common, 'k')}"
            f"{known.format(values, 'v')}"
        )

    @property
    def _shown(self) -> list[str]:
        return [
            listed(self.cube.analysis, "a"),
            "a.__entry AS left_id, b.__entry AS right_id, a.__who AS __left, b.__who AS __right",
            "v.__value AS similarity",
            "coalesce(k.n_common, 0) AS n_common, coalesce(k.n_equal, 0) AS n_equal",
            "u.__tests - coalesce(k.n_common, 0) AS n_missing",
        ]
