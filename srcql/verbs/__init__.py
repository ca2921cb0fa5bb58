"""The verbs, one file each. No other module names a verb."""

from srcql.verbs.check import Check
from srcql.verbs.cluster import Cluster
from srcql.verbs.diff import Diff
from srcql.verbs.discriminate import Discriminate
from srcql.verbs.flaky import Flaky
from srcql.verbs.matrix import Matrix
from srcql.verbs.minimize import Minimize
from srcql.verbs.oracle import Oracle
from srcql.verbs.rank import Rank
from srcql.verbs.similarity import Similarity
from srcql.verbs.slice import Slice
from srcql.verbs.verb import Verb

VERBS: dict[str, type[Verb]] = {
    "SLICE": Slice,
    "MATRIX": Matrix,
    "CLUSTER": Cluster,
    "ORACLE": Oracle,
    "CHECK": Check,
    "RANK": Rank,
    "SIMILARITY": Similarity,
    "DIFF": Diff,
    "FLAKY": Flaky,
    "DISCRIMINATE": Discriminate,
    "MINIMIZE": Minimize,
}
