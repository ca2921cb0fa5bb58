"""SIMILARITY: how alike implementations behave, pair by pair.

    SIMILARITY [AGREEMENT | JACCARD | EDIT | function] FROM … [shared clauses] [MIN s] [TOP n]

Columns: `…, left_id, right_id, similarity, n_common, n_equal, n_missing`, over the tests that both have. AGREEMENT:
equal cells / common cells; JACCARD of the sets of (test, step, response); EDIT: 1 - edit distance / longer length of
the outputs, the mean over common steps; a function of the user's likewise. Ordered by left and right.

Implementations that did all the same are compared with others once:

    __whole       each cell, as numbers that are equal for equal cells
    __behaviours  each implementation and its number, with the least of those that did the same
    __leaders     these, cell by cell; __said step by step
    __common      pairs of them
    __texts       their outputs, numbered: a pair of texts is measured once
"""

import re
from typing import Any

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.equality import any_equality
from srcql.clauses.reader import Name, Reader
from srcql.clauses.shared import SHARED, any_missing, whole_number
from srcql.errors import InvalidQuery, Unsupported
from srcql.lowering import behaviour
from srcql.lowering.cells import Lowering
from srcql.sql import listed, literal, quoted, same
from srcql.verbs.verb import Verb

MEASURES = ("AGREEMENT", "JACCARD", "EDIT")
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
MOST_PAIRS = 1_000_000
FEW = 1414  # the most implementations that have no more pairs


def least(reader: Reader) -> str:
    """MIN: the least similarity that is shown."""
    reader.take("MIN")
    sign = "-" if reader.sign(TokenType.DASH) else ""
    number = reader.found
    if not NUMBER.fullmatch(number):
        raise reader.expected("a number", "as in MIN 0.8")
    reader.take(number.upper())
    return f"CAST({sign}{number} AS DOUBLE)"


class Similarity(Verb):
    """One SIMILARITY statement."""

    word = "SIMILARITY"
    form = f"SIMILARITY [{' | '.join(MEASURES)} | function]"
    shared = {**SHARED, "USING": any_equality, "MISSING": any_missing}  # noqa: RUF012
    own = {"MIN": least, "TOP": whole_number("TOP", "a number of pairs")}  # noqa: RUF012
    results = ("left_id", "right_id", "similarity", "n_common", "n_equal", "n_missing")
    order = ("left_id", "right_id")

    @classmethod
    def read_head(cls, reader: Reader) -> Any:
        """Read the measure: one of ours, or the name of a function."""
        if reader.at("FROM"):
            return MEASURES[0]
        known = next((word for word in MEASURES if reader.take(word)), None)
        return known or reader.name(f"{', '.join(MEASURES)} or the name of a function")

    def check(self, reader: Reader) -> None:
        """Refuse TOLERANCE where responses have to make sets, or runs are compared."""
        super().check(reader)
        tolerance = self.cube.using.tolerance
        hint = "DIGITS n rounds numbers before they are compared: USING DIGITS 6"
        if tolerance and self.head != "AGREEMENT":
            raise reader.error("of the measures only AGREEMENT takes TOLERANCE", tolerance.span, hint)
        if tolerance and self.cube.runs == "STABLE":
            message = "RUNS STABLE compares several runs, and TOLERANCE is not transitive"
            raise reader.error(message, tolerance.span, hint)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Compare what is different once, and show it for all who did that."""
        if isinstance(self.head, Name):
            lowering.check_measure(self.head, MEASURES)
        many = "MIN" not in self.clauses and "TOP" not in self.clauses and self._may_be_many(lowering)
        behaviour.traces(lowering, ["output"] if self._by_text else [])
        if many:
            self._refuse_many(lowering)
        self._behaviours(lowering)
        self._common(lowering)
        self._values(lowering)
        rows = f"SELECT {', '.join(self._shown)} FROM {self._pairs}"
        if "MIN" in self.clauses:
            rows = f"SELECT * FROM ({rows}) WHERE similarity >= {self.clauses['MIN']}"
        if "TOP" in self.clauses:
            first = "similarity DESC NULLS LAST, left_id, right_id, __left, __right"
            number = f"row_number() OVER (PARTITION BY {listed(self.cube.analysis)} ORDER BY {first})"
            rows = f"SELECT * FROM ({rows}) QUALIFY {number} <= {self.clauses['TOP']}"
        return rows

    def _may_be_many(self, lowering: Lowering) -> bool:
        """Whether a problem has so many implementations at all, whatever the clauses leave of them."""
        entry = [*self.cube.by, "implementation_id", *(["run_id"] if self.cube.each else [])]
        rows = f"{lowering.table()} AS observations WHERE {' AND '.join(['true', *lowering.selected])}"
        entries = f"SELECT DISTINCT {listed(['data_set_id', 'problem_id', *entry])} FROM {rows}"
        each = f"SELECT data_set_id, problem_id, count(*) AS __n FROM ({entries}) GROUP BY data_set_id, problem_id"
        return bool(lowering.ask(f"SELECT 1 FROM ({each}) WHERE __n > {FEW} LIMIT 1"))

    def _refuse_many(self, lowering: Lowering) -> None:
        analysis = listed(self.cube.analysis)
        each = f"SELECT {analysis}, count(DISTINCT __who) AS __n FROM __traces GROUP BY {analysis}"
        pairs = f"SELECT data_set_id, problem_id, CAST(sum(__n * (__n - 1) // 2) AS BIGINT) AS __pairs FROM ({each})"
        many = f"SELECT * FROM ({pairs} GROUP BY data_set_id, problem_id) WHERE __pairs > {MOST_PAIRS}"
        for data_set, problem, count in lowering.ask(f"{many} ORDER BY data_set_id, problem_id LIMIT 1") or ():
            where = f"{quoted(data_set)}.{quoted(problem)}"
            hint = (
                "TOP n shows the most similar pairs, MIN s those from a similarity on; WHERE leaves implementations out"
            )
            raise InvalidQuery(f"{where} has {count} pairs, more than {MOST_PAIRS}", span=self.place, hint=hint)

    @property
    def _function(self) -> str | None:
        """The measure of two texts, as SQL over `l` and `r`, rows of `__texts`."""
        if isinstance(self.head, Name):
            return f"measure({literal(self.head.text)}, l.output, r.output)"
        return "edit_similarity(l.output, r.output)" if self.head == "EDIT" else None

    @property
    def _by_text(self) -> bool:
        return self._function is not None or self.cube.using.tolerance is not None

    @property
    def _once(self) -> str:
        """Pairs of leaders, each once; a function of the user's may depend on which is left."""
        return "true" if isinstance(self.head, Name) else "l.__number <= r.__number"

    def _behaviours(self, lowering: Lowering) -> None:
        analysis, row_hash = self.cube.analysis, lowering.forms.row_hash
        response = "output" if self.cube.using.tolerance else "__response"
        text = "output" if self._by_text else "1"
        cell = listed([*analysis, "__entry", "__who", "test_id"])
        one = f"sum({row_hash.format('step_id', response, text)}) AS __text"
        whole = (
            f"SELECT {cell}, count(*) AS __steps, sum({row_hash.format('step_id', response, '1')}) AS __one,"
            f" sum({row_hash.format(response, '2', 'step_id')}) AS __other, {one} FROM __traces GROUP BY {cell}"
        )
        lowering.define("__whole", whole)
        who, alike = listed([*analysis, "__entry", "__who"]), listed([*analysis, "__first", "__second", "__tests"])
        did = (
            f"SELECT {who}, count(*) AS __tests, sum({row_hash.format('test_id', '__one', '__text')}) AS __first,"
            f" sum({row_hash.format('__other', '__text', 'test_id')}) AS __second FROM __whole GROUP BY {who}"
        )
        number = f"row_number() OVER (ORDER BY {listed([*analysis, '__who'])}) AS __number"
        leader = f"min(__number) OVER (PARTITION BY {alike}) AS __leader"
        lowering.define("__behaviours", f"SELECT *, {leader} FROM (SELECT *, {number} FROM ({did}))")
        leads = f"{same('t', 'b', [*analysis])} AND t.__who = b.__who AND b.__number = b.__leader"
        lowering.define("__leaders", f"SELECT t.*, b.__number FROM __whole AS t JOIN __behaviours AS b ON {leads}")
        lowering.define("__said", f"SELECT t.*, b.__number FROM __traces AS t JOIN __behaviours AS b ON {leads}")
        tests = (
            f"SELECT {listed(analysis)}, count(DISTINCT test_id) AS __tests FROM __whole GROUP BY {listed(analysis)}"
        )
        lowering.define("__universe", tests)

    def _common(self, lowering: Lowering) -> None:
        """Of each pair the tests that both have."""
        analysis = self.cube.analysis
        equal, met = "l.__steps = r.__steps AND l.__one = r.__one AND l.__other = r.__other", ""
        if self.cube.using.tolerance:
            self._near(lowering)
            equal = "l.__steps = r.__steps AND l.__steps = n.__near"
            met = " LEFT JOIN __near AS n ON l.test_id = n.test_id"
            met += " AND n.__left = l.__number AND n.__right = r.__number"
        common = (
            f"SELECT {self._pair}, count(*) AS n_common, count(*) FILTER ({equal}) AS n_equal,"
            f" sum(l.__steps + r.__steps) AS __both FROM __leaders AS l JOIN __leaders AS r"
            f" ON {same('l', 'r', [*analysis, 'test_id'])} AND {self._once}{met} GROUP BY ALL"
        )
        lowering.define("__common", common)

    @property
    def _pair(self) -> str:
        return "l.__number AS __left, r.__number AS __right"

    def _met(self, columns: str, more: str = "", of: str = "__said") -> str:
        """Every step that two leaders have in common."""
        step = same("l", "r", [*self.cube.analysis, "test_id", "step_id"])
        return f"SELECT {columns} FROM {of} AS l JOIN {of} AS r ON {step} AND {self._once}{more}"

    def _near(self, lowering: Lowering) -> None:
        """Of each test of two leaders the steps at which they are equal, each pair of outputs compared once."""
        steps = lowering.define("__met", self._met(f"{self._pair}, l.test_id, l.output AS __old, r.output AS __new"))
        differ = f"SELECT DISTINCT __old, __new FROM {steps} WHERE __old IS DISTINCT FROM __new"
        asked = f"SELECT *, response_equal(__old, __new, {literal(self.cube.using.text)}) AS __equal FROM ({differ})"
        equal = "count(*) FILTER (m.__old IS NOT DISTINCT FROM m.__new OR p.__equal) AS __near"
        of = "m.test_id, m.__left, m.__right"
        at = same("m", "p", ["__old", "__new"])
        lowering.define(
            "__near", f"SELECT {of}, {equal} FROM {steps} AS m LEFT JOIN ({asked}) AS p ON {at} GROUP BY {of}"
        )

    def _values(self, lowering: Lowering) -> None:
        """Define `__valued`: how alike two leaders are."""
        pair = "__left, __right"
        if self.head == "AGREEMENT":
            lowering.define("__valued", f"SELECT {pair}, n_equal / nullif(n_common, 0) AS __value FROM __common")
        elif self.head == "JACCARD":
            equal = " AND l.__response IS NOT DISTINCT FROM r.__response"
            shared = f"SELECT {pair}, count(*) AS __shared FROM ({self._met(self._pair, equal)}) GROUP BY {pair}"
            value = "coalesce(s.__shared, 0) / nullif(k.__both - coalesce(s.__shared, 0), 0) AS __value"
            both = f"__common AS k LEFT JOIN ({shared}) AS s ON {same('k', 's', ['__left', '__right'])}"
            lowering.define("__valued", f"SELECT k.__left, k.__right, {value} FROM {both}")
        else:
            self._means(lowering, pair)

    def _means(self, lowering: Lowering, pair: str) -> None:
        """The mean of a measure over the steps at which both gave a text, each pair of texts measured once."""
        if not lowering.forms.ordered_sum:
            raise Unsupported("a mean of measures has no form in the SQL of this engine", span=self.place)
        texts = "SELECT DISTINCT output FROM __said WHERE output IS NOT NULL"
        lowering.define("__texts", f"SELECT output, row_number() OVER (ORDER BY output) AS __text FROM ({texts})")
        step = listed([*self.cube.analysis, "test_id", "step_id", "__number"], "s")
        spoken = f"SELECT {step}, t.__text FROM __said AS s JOIN __texts AS t ON s.output = t.output"
        lowering.define("__spoken", spoken)
        old, new = "l.__text", "r.__text"
        if not isinstance(self.head, Name):
            old, new = f"least({old}, {new})", f"greatest({old}, {new})"
        steps = lowering.define("__met", self._met(f"{self._pair}, {old} AS __old, {new} AS __new", of="__spoken"))
        measured = (
            f"SELECT p.*, {self._function} AS __alike FROM (SELECT DISTINCT __old, __new FROM {steps}) AS p"
            " JOIN __texts AS l ON p.__old = l.__text JOIN __texts AS r ON p.__new = r.__text"
        )
        mean = f"{lowering.forms.ordered_sum.format('__alike')} / count(*) AS __value"
        alike = f"{steps} AS m JOIN ({measured}) AS p ON m.__old = p.__old AND m.__new = p.__new"
        lowering.define("__valued", f"SELECT {pair}, {mean} FROM {alike} GROUP BY {pair}")

    @property
    def _pairs(self) -> str:
        """Every pair of implementations, beside what is known of those who did the same."""
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
            f"__behaviours AS a JOIN __behaviours AS b ON {same('a', 'b', analysis)} AND {before}"
            f" JOIN __universe AS u ON {same('a', 'u', analysis)}"
            f"{known.format('__common', 'k')}"
            f"{known.format('__valued', 'v')}"
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
