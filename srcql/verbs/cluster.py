"""CLUSTER: classes of implementations that behave alike on all tests.

    CLUSTER FROM … [shared clauses] [MIN SIZE n] [WEIGHT DISTINCT CODE]

Two implementations stand in one cluster when they have the same cells. Columns: `…, cluster_id, size, share,
representative, implementations, n_tests, n_missing, fingerprint, is_largest`; the largest come first, then the least
representative. The fingerprint is the sum modulo 2^128 of the MD5 of every step (test, step and response key).
WEIGHT DISTINCT CODE counts implementations with one code once; MIN SIZE leaves smaller clusters out of the result.
"""

from srcql.clauses.shared import choice, whole_number
from srcql.lowering import behaviour, sources
from srcql.lowering.cells import Lowering
from srcql.sql import listed, same
from srcql.verbs.verb import Verb

STEP_DIGEST = "md5(test_id || chr(31) || CAST(step_id AS VARCHAR) || chr(31) || CAST(__key AS VARCHAR))"
HALF = 2**64
HASH = "nullif(implementation_hash, '')"
ONE_HASH = f", CASE WHEN min({HASH}) = max({HASH}) THEN min({HASH}) END AS __hash"
CODE = "coalesce('c' || nullif(k.code_hash, ''), 'h' || c.__hash, 'i' || c.__who)"


class Cluster(Verb):
    """One CLUSTER statement."""

    word = "CLUSTER"
    form = "CLUSTER"
    own = {  # noqa: RUF012
        "MIN SIZE": whole_number("MIN SIZE", "a number of implementations"),
        "WEIGHT": choice("WEIGHT", ("DISTINCT CODE",)),
    }
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
        if "WEIGHT" in self.clauses:
            clusters, total = self._weighted(lowering), "c.__total"
        else:
            behaviour.traces(lowering)
            clusters = behaviour.clusters(lowering, behaviour.signatures(lowering))
            total = f"sum(size) OVER (PARTITION BY {listed(self.cube.analysis, 'c')})"
        self._details(lowering)
        numbered, least = self._numbered(clusters, total), self.clauses.get("MIN SIZE")
        return f"SELECT * FROM ({numbered}) AS c WHERE size >= {least}" if least else numbered

    def _weighted(self, lowering: Lowering) -> str:
        """Count codes instead of implementations: their latest source, else their hash, tells them apart."""
        behaviour.traces(lowering, ["implementation_hash"])
        behaviour.signatures(lowering, ONE_HASH)
        join = sources.left_join(lowering, lowering.source.code_implementations, "implementation_id", (), "k")
        codes = lowering.define("__codes", f"SELECT c.*, {CODE} AS __code FROM __signatures AS c{join}")
        behaviour.clusters(lowering, codes, "count(DISTINCT __code)")
        analysis = listed(self.cube.analysis)
        all_codes = f"SELECT {analysis}, count(DISTINCT __code) AS __total FROM __codes GROUP BY {analysis}"
        clusters = f"SELECT c.*, a.__total FROM __clusters AS c JOIN __all AS a ON {same('c', 'a', self.cube.analysis)}"
        lowering.define("__all", all_codes)
        return lowering.define("__weighted", clusters)

    def _numbered(self, clusters: str, total: str) -> str:
        analysis = self.cube.analysis
        window = f"PARTITION BY {listed(analysis, 'c')}"
        return (
            f"SELECT c.*, row_number() OVER ({window} ORDER BY size DESC, c.representative, c.__who) AS cluster_id,"
            f" size / {total} AS share, n_tests, n_tests - t.__tests AS n_missing, fingerprint,"
            f" size = max(size) OVER ({window}) AND count(*) OVER ({window}, size) = 1 AS is_largest"
            f" FROM {clusters} AS c JOIN __details AS t ON {same('c', 't', (*analysis, '__who'))}"
            f" JOIN __universe AS u ON {same('c', 'u', analysis)}"
        )

    def _details(self, lowering: Lowering) -> None:
        """Tests and fingerprints of one member each; together they have every test that any implementation has."""
        analysis, forms = listed(self.cube.analysis), lowering.forms
        shown = behaviour.representatives(lowering)
        keyed = f"SELECT *, __response AS __key FROM {shown}"
        if not behaviour.keyed(lowering):
            keyed = lowering.with_outputs(shown, {"__key": self.cube.using.key})
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
