"""CLUSTER: the classes of implementations that behave alike on all tests.

    CLUSTER FROM … [shared clauses] [MIN SIZE n] [WEIGHT DISTINCT CODE]

Two implementations are in one cluster if they have the same cells. Columns: `…, cluster_id, size, share,
representative, implementations, n_tests, n_missing, fingerprint, is_largest`; the largest come first, then the least
representative. The fingerprint is the sum modulo 2^128 of the MD5 of every step (test, step and response key).
WEIGHT DISTINCT CODE counts implementations with the same code once; MIN SIZE omits smaller clusters.
"""

from dataclasses import dataclass

from srcql.clauses.shared import choice, whole_number
from srcql.lowering import behaviour, sources
from srcql.lowering.behaviour import Behaviour
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import with_outputs
from srcql.sql import listed, same
from srcql.verbs.verb import Verb

STEP_DIGEST = "md5(test_id || chr(31) || CAST(step_id AS VARCHAR) || chr(31) || CAST(__key AS VARCHAR))"
HALF = 2**64
HASH = "nullif(implementation_hash, '')"
ONE_HASH = f", CASE WHEN min({HASH}) = max({HASH}) THEN min({HASH}) END AS __hash"
CODE = "coalesce('c' || nullif(k.code_hash, ''), 'h' || c.__hash, 'i' || c.__who)"


@dataclass(frozen=True)
class ClusterClauses:
    """The own clauses of CLUSTER."""

    min_size: int | None = None
    weight: str | None = None


class Cluster(Verb):
    """One CLUSTER statement."""

    word = "CLUSTER"
    form = "CLUSTER"
    own = {
        "MIN SIZE": whole_number("MIN SIZE", "a number of implementations"),
        "WEIGHT": choice("WEIGHT", ("DISTINCT CODE",)),
    }
    own_clauses = ClusterClauses
    clauses: ClusterClauses
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
        """Group implementations by behaviour; read the details of one representative of each cluster only."""
        if self.clauses.weight:
            found = self._weighted(lowering)
            clusters, total = self._with_totals(lowering, found), "c.__total"
        else:
            found = behaviour.behaviour(lowering, behaviour.traces(lowering))
            clusters, total = found.clusters, f"sum(size) OVER (PARTITION BY {listed(self.cube.analysis, 'c')})"
        shown = behaviour.representatives(lowering, found.traces, found.clusters)
        numbered, least = self._numbered(lowering, clusters, total, shown), self.clauses.min_size
        return f"SELECT * FROM ({numbered}) AS c WHERE size >= {least}" if least else numbered

    def _weighted(self, lowering: Lowering) -> Behaviour:
        """Count codes instead of implementations; the latest source identifies a code, else the hash does."""
        traces = behaviour.traces(lowering, ["implementation_hash"])
        signatures = behaviour.signatures(lowering, traces, ONE_HASH)
        join = sources.left_join(lowering, lowering.source.code_implementations, "implementation_id", (), "k")
        codes = lowering.define("__codes", f"SELECT c.*, {CODE} AS __code FROM {signatures} AS c{join}")
        return Behaviour(traces, codes, behaviour.clusters(lowering, codes, "count(DISTINCT __code)"))

    def _with_totals(self, lowering: Lowering, found: Behaviour) -> Cte:
        """Add the number of codes in each analysis to the clusters; one code may be in several clusters."""
        analysis = listed(self.cube.analysis)
        all_codes = f"SELECT {analysis}, count(DISTINCT __code) AS __total FROM {found.signatures} GROUP BY {analysis}"
        at = same("c", "a", self.cube.analysis)
        totals = lowering.define("__all", all_codes)
        return lowering.define(
            "__weighted", f"SELECT c.*, a.__total FROM {found.clusters} AS c JOIN {totals} AS a ON {at}"
        )

    def _numbered(self, lowering: Lowering, clusters: Cte, total: str, shown: Cte) -> str:
        analysis = self.cube.analysis
        details, universe = self._details(lowering, shown), self._universe(lowering, shown)
        window = f"PARTITION BY {listed(analysis, 'c')}"
        return (
            f"SELECT c.*, row_number() OVER ({window} ORDER BY size DESC, c.representative, c.__who) AS cluster_id,"
            f" size / {total} AS share, n_tests, n_tests - t.__tests AS n_missing, fingerprint,"
            f" size = max(size) OVER ({window}) AND count(*) OVER ({window}, size) = 1 AS is_largest"
            f" FROM {clusters} AS c JOIN {details} AS t ON {same('c', 't', (*analysis, '__who'))}"
            f" JOIN {universe} AS u ON {same('c', 'u', analysis)}"
        )

    def _details(self, lowering: Lowering, shown: Cte) -> Cte:
        """Count the tests, and compute the fingerprint, of one member of each cluster."""
        analysis, forms = listed(self.cube.analysis), lowering.forms
        keyed = f"SELECT *, __response AS __key FROM {shown}"
        if not behaviour.keyed(lowering):
            keyed = with_outputs(shown, {"__key": self.cube.using.key})
        digests = f"SELECT {analysis}, __who, test_id, {STEP_DIGEST} AS __digest FROM ({keyed})"
        high, low = (forms.unsigned.format(half) for half in ("substr(__digest, 1, 16)", "substr(__digest, 17)"))
        sums = (
            f"SELECT {analysis}, __who, count(DISTINCT test_id) AS __tests, sum({high}) AS __high,"
            f" sum({low}) AS __low FROM ({digests}) GROUP BY ALL"
        )
        halves = (f"(__high + __low // {HALF}) % {HALF}", f"__low % {HALF}")
        fingerprint = " || ".join(map(forms.hexadecimal.format, halves))
        details = f"SELECT {analysis}, __who, __tests, {fingerprint} AS fingerprint FROM ({sums})"
        return lowering.define("__details", details)

    def _universe(self, lowering: Lowering, shown: Cte) -> Cte:
        """Count all tests: together the representatives have every test that any implementation has."""
        analysis = listed(self.cube.analysis)
        tests = f"SELECT {analysis}, count(DISTINCT test_id) AS n_tests FROM {shown} GROUP BY {analysis}"
        return lowering.define("__universe", tests)
