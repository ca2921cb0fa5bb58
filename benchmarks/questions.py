"""The questions: in SRCQL, in the prior art's SQL, and the minimum that either must read."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import prior_art

KEY = ("implementation_id", "test_id", "step_id")
SLICE = (*KEY, "run_id", "operation", "inputs", "output")
CODE = ("implementation_id", "source_code", "language")
TEST = ("test_id", "source_code", "focal_interface", "language")


@dataclass(frozen=True)
class Question:
    """One question; `reads` and `prior_reads` are the required columns of each table."""

    name: str
    srcql: str
    prior: str
    reads: Mapping[str, tuple[str, ...]]
    prior_reads: Mapping[str, tuple[str, ...]]
    clusters: bool

    def text(self, problem: tuple[str, str] | None = None) -> str:
        """Return the SRCQL text for one problem, or for all."""
        return self.srcql.format(source='"{}"."{}"'.format(*problem) if problem else "*")


CLUSTER = Question(
    "CLUSTER",
    "CLUSTER FROM {source}",
    prior_art.CLUSTER,
    {"observations": (*KEY, "response_key")},
    {"observations": (*KEY, "output")},
    clusters=True,
)
CLUSTER_EXACT = Question(
    "CLUSTER … USING EXACT",
    "CLUSTER FROM {source} USING EXACT",
    prior_art.CLUSTER,
    {"observations": (*KEY, "output")},
    {"observations": (*KEY, "output")},
    clusters=True,
)
SLICE_WITH_CODE = Question(
    "SLICE … WITH CODE",
    "SLICE FROM {source} WITH CODE",
    prior_art.SLICE_WITH_CODE,
    {"observations": (*SLICE, "response_kind"), "code_implementations": CODE},
    {"observations": SLICE, "code_implementations": CODE},
    clusters=False,
)
SLICE_WITH_BOTH = Question(
    "SLICE … WITH CODE WITH TESTS",
    "SLICE FROM {source} WITH CODE WITH TESTS",
    prior_art.THREE_WAY_JOIN,
    {"observations": (*SLICE, "response_kind"), "code_implementations": CODE, "tests": TEST},
    {"observations": SLICE, "code_implementations": CODE, "tests": TEST},
    clusters=False,
)
OF_ONE_PROBLEM = (CLUSTER, CLUSTER_EXACT, SLICE_WITH_CODE, SLICE_WITH_BOTH)
OF_ALL_PROBLEMS = (CLUSTER, CLUSTER_EXACT)

# The prior art has no counterpart of these, so they are compared with the floor only.
VERBS = {
    "CHECK AGAINST ORACLE": "CHECK FROM {source} AGAINST ORACLE",
    "CHECK AGAINST ORACLE LEAVE ONE OUT": "CHECK FROM {source} AGAINST ORACLE LEAVE ONE OUT",
    "RANK ON AGREEMENT": "RANK FROM {source} ON AGREEMENT",
    "SIMILARITY": "SIMILARITY FROM {source}",
    "SIMILARITY EDIT": "SIMILARITY EDIT FROM {source}",
    "DIFF IMPLEMENTATION": "DIFF IMPLEMENTATION '{first}' TO '{last}' FROM {source}",
    "FLAKY": "FLAKY FROM {source}",
    "DISCRIMINATE": "DISCRIMINATE FROM {source}",
    "MINIMIZE": "MINIMIZE FROM {source}",
}
VERBS_READ = {"observations": (*KEY, "response_key", "output")}


def floor(reads: Mapping[str, tuple[str, ...]], files: Mapping[str, list[str]], problem: tuple[str, str] | None) -> str:
    """Return a query that decodes those columns of those files, with no work that depends on the data."""
    where = "WHERE data_set_id = '{}' AND problem_id = '{}'".format(*problem) if problem else ""
    scans = [
        f"(SELECT {', '.join(f'bit_xor(hash({column}))' for column in columns)} "
        f"FROM {prior_art.read(files[table])} {where}) AS {table}"
        for table, columns in reads.items()
    ]
    return f"SELECT * FROM {', '.join(scans)}"
