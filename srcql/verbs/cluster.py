"""CLUSTER: classes of implementations that behave alike on all tests.

    CLUSTER FROM … [shared clauses]

Two implementations stand in one cluster when they have the same cells. `…, cluster_id, size, share, representative,
implementations, n_tests, n_missing, fingerprint, is_largest`, the largest first, then by the least member.
"""

from srcql.cells import Lowering, listed, same
from srcql.clauses import later
from srcql.verbs.verb import Verb

# Grouped by, never shown: two sums of row hashes in different orders of their arguments, so that no order of rows counts.
SIGNATURE = (
    "sum(hash(hash(test_id, step_id, __response))) AS __one, sum(hash(hash(__response, step_id, test_id))) AS __other,"
    " count(*) AS __rows"
)
TRACE = "md5(test_id || chr(31) || CAST(step_id AS VARCHAR) || chr(31) || CAST(__key AS VARCHAR))"
HALVES = {"__high": f"substr({TRACE}, 1, 16)", "__low": f"substr({TRACE}, 17)"}
WORD = "18446744073709551616"


class Cluster(Verb):
    """One CLUSTER statement."""

    word = "CLUSTER"
    own = {"MIN SIZE": later("MIN SIZE"), "WEIGHT": later("WEIGHT")}
    order = ("cluster_id",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *_RESULT)

    def select(self, lowering: Lowering) -> str:
        """Group implementations by signature; look closer at the representatives alone."""
        analysis, using = listed(self.cube.analysis), self.cube.using
        by_output = using.response is None or self.cube.query is not None and not using.exact
        lowering.cells(["output"] if by_output or using.exact else ["response_key"])
        cells = "__cells"
        if by_output:
            cells = lowering.define("__answers", lowering.responses("__cells", {"__response": using.key}))
        response = "" if by_output else f", {using.response} AS __response"
        lowering.define("__traces", f"SELECT *, {lowering.entry} AS __entry{response} FROM {cells} AS c")
        lowering.define("__signatures", f"SELECT {analysis}, __entry, {SIGNATURE} FROM __traces GROUP BY ALL")
        lowering.define(
            "__clusters",
            f"SELECT {analysis}, count(*) AS size, min(__entry) AS representative,"
            " list_sort(list(__entry)) AS implementations"
            f" FROM __signatures GROUP BY {analysis}, __one, __other, __rows",
        )
        self._details(lowering, by_output)
        at, of_tests = same("c", "t", (*self.cube.analysis, "representative")), same("c", "u", self.cube.analysis)
        window = f"PARTITION BY {listed(self.cube.analysis, 'c')}"
        return (
            f"SELECT c.*, row_number() OVER ({window} ORDER BY size DESC, c.representative) AS cluster_id,"
            f" size / sum(size) OVER ({window}) AS share, n_tests, n_tests - t.__tests AS n_missing, fingerprint,"
            f" size = max(size) OVER ({window}) AND count(*) OVER ({window}, size) = 1 AS is_largest"
            f" FROM __clusters AS c JOIN __fingerprints AS t ON {at} JOIN __universe AS u ON {of_tests}"
        )

    def _details(self, lowering: Lowering, keyed: bool) -> None:
        analysis = listed(self.cube.analysis)
        at = same("t", "c", self.cube.analysis) + " AND t.__entry = c.representative"
        shown = lowering.define("__shown", f"SELECT t.* FROM __traces AS t JOIN __clusters AS c ON {at}")
        key = "__response AS __key"
        if self.cube.using.exact:
            shown = lowering.define("__keyed", lowering.responses("__shown", {"__key": self.cube.using.key}))
            key = "__key"
        halves = ", ".join(f"sum(CAST('0x' || {digits} AS UBIGINT)) AS {half}" for half, digits in HALVES.items())
        tested = f"SELECT {analysis}, __entry, test_id, step_id, {key} FROM {shown}"
        sums = f"SELECT {analysis}, __entry AS representative, count(DISTINCT test_id) AS __tests, {halves} FROM ({tested}) GROUP BY ALL"
        lowering.define(
            "__fingerprints",
            f"SELECT * EXCLUDE (__high, __low), format('{{:016x}}{{:016x}}', "
            f"CAST((__high + __low // {WORD}) % {WORD} AS UBIGINT), CAST(__low % {WORD} AS UBIGINT)) AS fingerprint FROM ({sums})",
        )
        lowering.define(
            "__universe", f"SELECT {analysis}, count(DISTINCT test_id) AS n_tests FROM __shown GROUP BY {analysis}"
        )


_RESULT = (
    "cluster_id",
    "size",
    "share",
    "representative",
    "implementations",
    "n_tests",
    "n_missing",
    "fingerprint",
    "is_largest",
)
