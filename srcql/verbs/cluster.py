"""CLUSTER: classes of implementations that behave alike on all tests.

    CLUSTER FROM … [shared clauses]

Two implementations stand in one cluster when they have the same cells. Columns: `…, cluster_id, size, share,
representative, implementations, n_tests, n_missing, fingerprint, is_largest`; the largest come first, then the least
representative. The fingerprint is the sum modulo 2^128 of the MD5 of every step (test, step and response key).
"""

from srcql.cells import Lowering
from srcql.clauses import Later
from srcql.sql import listed, same
from srcql.verbs.verb import Verb

STEP_DIGEST = "md5(test_id || chr(31) || CAST(step_id AS VARCHAR) || chr(31) || CAST(__key AS VARCHAR))"
HALF = 2**64


class Cluster(Verb):
    """One CLUSTER statement."""

    word = "CLUSTER"
    form = "CLUSTER"
    own = {"MIN SIZE": Later("MIN SIZE"), "WEIGHT": Later("WEIGHT")}  # noqa: RUF012
    results = (
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
    order = ("cluster_id",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Group implementations by what they did; look closer at the representatives alone."""
        self._traces(lowering)
        self._clusters(lowering)
        self._details(lowering)
        of_cluster = same("c", "t", (*self.cube.analysis, "__who"))
        of_analysis = same("c", "u", self.cube.analysis)
        window = f"PARTITION BY {listed(self.cube.analysis, 'c')}"
        return (
            f"SELECT c.*, row_number() OVER ({window} ORDER BY size DESC, c.representative, c.__who) AS cluster_id,"
            f" size / sum(size) OVER ({window}) AS share, n_tests, n_tests - t.__tests AS n_missing, fingerprint,"
            f" size = max(size) OVER ({window}) AND count(*) OVER ({window}, size) = 1 AS is_largest"
            f" FROM __clusters AS c JOIN __details AS t ON {of_cluster} JOIN __universe AS u ON {of_analysis}"
        )

    def _traces(self, lowering: Lowering) -> None:
        """Every response with the name of who gave it."""
        using = self.cube.using
        cells = lowering.cells(["response_key" if using.stored == "response_key" else "output"])
        if using.stored is None:
            cells = lowering.define("__answers", lowering.with_outputs(cells, {"__response": using.key}))
        response = f", {using.stored} AS __response" if using.stored else ""
        names = f"{lowering.entry} AS __entry, {lowering.identity} AS __who"
        lowering.define_rows("__traces", f"SELECT c.*, {names}{response} FROM {cells} AS c")

    def _clusters(self, lowering: Lowering) -> None:
        """Rows are hashed and the hashes summed, so no order counts; twice, as one sum could hide a difference."""
        analysis, row_hash = listed(self.cube.analysis), lowering.forms.row_hash
        one = f"sum({row_hash.format('test_id', 'step_id', '__response')}) AS __one"
        other = f"sum({row_hash.format('__response', 'step_id', 'test_id')}) AS __other"
        signatures = (
            f"SELECT {analysis}, __entry, __who, {one}, {other}, count(*) AS __steps FROM __traces GROUP BY ALL"
        )
        lowering.define("__signatures", signatures)
        members = (
            "count(*) AS size, min(__who) AS __who, min(__entry) AS representative,"
            " list_sort(list(__entry)) AS implementations"
        )
        classes = f"SELECT {analysis}, {members} FROM __signatures GROUP BY {analysis}, __one, __other, __steps"
        lowering.define("__clusters", classes)

    def _details(self, lowering: Lowering) -> None:
        """Tests and fingerprints of one member each; together they have every test that any implementation has."""
        analysis, using, forms = listed(self.cube.analysis), self.cube.using, lowering.forms
        at = f"{same('t', 'c', self.cube.analysis)} AND t.__who = c.__who"
        likely = "SELECT * FROM __traces WHERE __who IN (SELECT __who FROM __clusters)"  # one key is cheaper
        shown = lowering.define("__shown", f"SELECT t.* FROM ({likely}) AS t JOIN __clusters AS c ON {at}")
        keyed = f"SELECT *, __response AS __key FROM {shown}"
        if using.exact:
            keyed = lowering.with_outputs(shown, {"__key": using.key})
        digests = f"SELECT {analysis}, __who, test_id, {STEP_DIGEST} AS __digest FROM ({keyed})"
        high, low = (forms.unsigned.format(half) for half in ("substr(__digest, 1, 16)", "substr(__digest, 17)"))
        sums = (
            f"SELECT {analysis}, __who, count(DISTINCT test_id) AS __tests, sum({high}) AS __high,"
            f" sum({low}) AS __low FROM ({digests}) GROUP BY ALL"
        )
        halves = (f"(__high + __low // {HALF}) % {HALF}", f"__low % {HALF}")
        fingerprint = " || ".join(map(forms.hexadecimal.format, halves))
        lowering.define("__details", f"SELECT {analysis}, __who, __tests, {fingerprint} AS fingerprint FROM ({sums})")
        tests = f"SELECT {analysis}, count(DISTINCT test_id) AS n_tests FROM {shown} GROUP BY {analysis}"
        lowering.define("__universe", tests)
