"""ORACLE: the consensus oracle, what most implementations answer at every step.

    ORACLE FROM … [shared clauses] [PER STEP | PER CLUSTER] [PLURALITY | MAJORITY | QUORUM q]
        [EXCEPTIONS VOTE | ABSTAIN] [TIE NULL | CLUSTER | LEAST]

PER STEP every implementation votes at every (test, step), PER CLUSTER only the members of the largest clusters do.
Columns: `…, test_id, step_id, output, votes, total, support, margin, n_distinct, n_missing, candidates, status`;
status is NO_VOTES, BELOW_QUORUM, TIE, UNANIMOUS, MAJORITY or PLURALITY. Ordered by test and step.

    __voters   the responses that are votes
    __classes  the votes for each response at each step, and its least text
    __tallies  the votes at each step
    __led      what the largest cluster says where it stands among the first
"""

from fractions import Fraction

from srcql.clauses.equality import using_before
from srcql.clauses.reader import Reader
from srcql.clauses.shared import SHARED, choice, quorum
from srcql.errors import Unsupported
from srcql.lowering import behaviour
from srcql.lowering.cells import Lowering
from srcql.sql import listed, literal, same
from srcql.verbs.verb import Verb

ABSTAINING = ("NA", "UNDEFINED")
EXCEPTIONS = ("VOTE", "ABSTAIN")
QUORUM = "PLURALITY|MAJORITY|QUORUM"
WINS = "__votes = __first"


class Oracle(Verb):
    """One ORACLE statement."""

    word = "ORACLE"
    form = "ORACLE"
    shared = {**SHARED, "USING": using_before(*(f"EXCEPTIONS {word}" for word in EXCEPTIONS))}  # noqa: RUF012
    own = {  # noqa: RUF012
        "PER": choice("PER", ("STEP", "CLUSTER")),
        QUORUM: quorum,
        "EXCEPTIONS": choice("EXCEPTIONS", EXCEPTIONS),
        "TIE": choice("TIE", ("NULL", "CLUSTER", "LEAST")),
    }
    results = (
        "test_id",
        "step_id",
        "output",
        "votes",
        "total",
        "support",
        "margin",
        "n_distinct",
        "n_missing",
        "candidates",
        "status",
    )
    order = ("test_id", "step_id")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def check_runs(self, reader: Reader) -> None:
        """Every run may vote, but runs make no clusters."""
        if self._led and self.cube.runs == "ALL":
            hint = "TIE LEAST decides without them"
            message = "TIE CLUSTER needs clusters, and RUNS ALL makes none"
            raise reader.error(message, self.clauses["RUNS"].span, hint)
        if self._per_cluster:
            super().check_runs(reader)

    def select(self, lowering: Lowering) -> str:
        """Count the votes for every class of responses at every step."""
        behaviour.traces(lowering, ["output", "response_kind"])
        if self._per_cluster or self._led:
            behaviour.clusters(lowering, behaviour.signatures(lowering))
            behaviour.leading(lowering)
        self._classes(lowering)
        self._tallies(lowering)
        return self._decided()

    @property
    def _per_cluster(self) -> bool:
        return self.clauses.get("PER") == "CLUSTER"

    @property
    def _led(self) -> bool:
        """Whether the largest cluster decides a tie; PER CLUSTER there is one only where several are largest."""
        return self.clauses.get("TIE") == "CLUSTER" and not self._per_cluster

    @property
    def _step(self) -> tuple[str, ...]:
        return (*self.cube.analysis, "test_id", "step_id")

    def _classes(self, lowering: Lowering) -> None:
        step = listed(self._step)
        lowering.define("__voters", f"SELECT t.* FROM __traces AS t WHERE {self.votes(lowering)}")
        voters, votes = "__voters", "count(*) AS __votes, 1 AS __scale"
        if lowering.weighed:
            voters = f"(SELECT v.*, s.__scale FROM __voters AS v JOIN ({self._scales(lowering)}) AS s"
            voters += f" ON {same('v', 's', self._step)})"
            votes = "sum(__scale // __runs) AS __votes, max(__scale) AS __scale"
        classes = f"SELECT {step}, __response, {votes}, min(output) AS __text FROM {voters} GROUP BY {step}, __response"
        lowering.define("__classes", classes)

    def votes(self, lowering: Lowering) -> str:
        """Whether a response is a vote, as SQL over `t`, a row of `__traces`."""
        abstaining = [*ABSTAINING, *(["EXCEPTION"] if self.clauses.get("EXCEPTIONS") == "ABSTAIN" else [])]
        votes = f"t.response_kind NOT IN ({', '.join(map(literal, abstaining))})"
        if lowering.compared:
            votes += " AND NOT t.__flaky"
        if self._per_cluster:
            leads = same("t", "l", self.cube.analysis)
            votes += f" AND EXISTS (SELECT 1 FROM __leading AS l WHERE {leads} AND t.__who = l.__who)"
        return votes

    def leaving_one_out(self, lowering: Lowering) -> str:
        """What is decided at a step without the vote of each voter: its step, `__who` and `output`.

        Without a vote for a class that loses, the winners stay; without one for a class that wins, it may lose to the
        others that are first, or draw with those that are second.
        """
        step = listed(self._step)
        runners_up = f"SELECT {step}, max(__votes) AS __second, min(__text) AS __least, count(*) AS __n FROM ("
        runners_up += f"SELECT *, max(__votes) OVER (PARTITION BY {step}) AS __most FROM __ranked WHERE NOT {WINS})"
        lowering.define("__runners_up", f"{runners_up} WHERE __votes = __most GROUP BY {step}")
        others = (
            f"SELECT {step}, __response, output, count(*) AS __said FROM __voters GROUP BY {step}, __response, output"
        )
        least = f"ROW_NUMBER() OVER (PARTITION BY {step}, __response ORDER BY output)"
        texts = f"SELECT *, {least} AS __place FROM ({others})"
        first = "min(output) FILTER (__place = 1) AS __text, max(__said) FILTER (__place = 1) AS __said"
        second = "min(output) FILTER (__place = 2) AS __next"
        lowering.define(
            "__least", f"SELECT {step}, __response, {first}, {second} FROM ({texts}) GROUP BY {step}, __response"
        )
        return f"SELECT *, {self._output} AS output FROM (SELECT *, {self._status} AS status FROM ({self._left()}))"

    def _left(self) -> str:
        at = same("v", "r", self._step)
        own = "CASE WHEN v.output = l.__text AND l.__said = 1 THEN l.__next ELSE l.__text END"
        other = "CASE WHEN t.__text = r.__text THEN t.__texts[2] ELSE t.__text END"
        cases = {
            f"NOT r.{WINS}": ("r.__first", "t.__winners", "t.__text"),
            "t.__winners > 1": ("r.__first", "t.__winners - 1", other),
            "r.__first - 1 > coalesce(u.__second, 0)": ("r.__first - 1", "1", own),
            "u.__second > 0": ("u.__second", "u.__n + 1", f"least(u.__least, {own})"),
        }
        columns = ["__votes", "__winners", "__text"]
        left = [
            "CASE "
            + " ".join(f"WHEN {when} THEN {values[i]}" for when, values in cases.items())
            + f" ELSE {none} END AS {name}"
            for i, (name, none) in enumerate(zip(columns, ("0", "0", "NULL"), strict=True))
        ]
        return (
            f"SELECT {listed(self._step, 'v')}, v.__who, t.__total - 1 AS __total, {', '.join(left)} FROM __voters AS v"
            f" JOIN __ranked AS r ON {at} AND v.__response = r.__response"
            f" JOIN __least AS l ON {same('v', 'l', self._step)} AND v.__response = l.__response"
            f" JOIN __tallies AS t ON {same('v', 't', self._step)}"
            f" LEFT JOIN __runners_up AS u ON {same('v', 'u', self._step)}"
        )

    def _scales(self, lowering: Lowering) -> str:
        """A run is a part of a vote: a step's votes are counted in units that all its parts are made of."""
        if not lowering.forms.least_multiple:
            raise Unsupported("RUNS ALL has no form in the SQL of this engine")
        step, unit = listed(self._step), lowering.forms.least_multiple.format("__runs")
        return f"SELECT {step}, {unit} AS __scale FROM __voters GROUP BY {step}"

    def _tallies(self, lowering: Lowering) -> None:
        """Where the largest clusters differ all that they answer is a candidate, else what has the most votes."""
        step = listed(self._step)
        ranked = f"SELECT *, max(__votes) OVER (PARTITION BY {step}) AS __first FROM __classes"
        lowering.define("__ranked", ranked)
        candidate = "true" if self._per_cluster else WINS
        tallies = (
            f"SELECT {step}, max(__scale) AS __scale, sum(__votes) AS __total, max(__first) AS __most,"
            f" count(*) AS __classes_n, count(*) FILTER ({candidate}) AS __winners,"
            f" CASE WHEN count(*) FILTER ({WINS}) > 1 THEN max(__first)"
            " ELSE coalesce(max(__votes) FILTER (__votes < __first), 0) END AS __second,"
            f" min(__text) FILTER ({candidate}) AS __text, list_sort(list(__text) FILTER ({candidate})) AS __texts"
            f" FROM __ranked GROUP BY {step}"
        )
        lowering.define("__tallies", tallies)
        if self._led:
            leads = same("t", "l", self.cube.analysis)
            said = (
                f"SELECT {listed(self._step, 't')}, min(r.__text) AS __said FROM __voters AS t"
                f" JOIN __leading AS l ON {leads} AND t.__who = l.__who AND l.__leaders = 1"
                f" JOIN __ranked AS r ON {same('t', 'r', self._step)} AND t.__response = r.__response AND r.{WINS}"
                " GROUP BY ALL"
            )
            lowering.define("__led", said)

    def _decided(self) -> str:
        analysis, step = self.cube.analysis, self._step
        asked = f"SELECT {listed(step)}, count(DISTINCT __who) AS __present FROM __traces GROUP BY {listed(step)}"
        everyone = f"SELECT {listed(analysis)}, count(DISTINCT __who) AS __n FROM __traces GROUP BY {listed(analysis)}"
        joins = f" JOIN ({everyone}) AS i ON {same('s', 'i', analysis)}"
        joins += f" LEFT JOIN __tallies AS t ON {same('s', 't', step)}"
        if self._led:
            joins += f" LEFT JOIN __led AS d ON {same('s', 'd', step)}"
        if self._per_cluster:
            joins += f" JOIN __sizes AS z ON {same('s', 'z', analysis)}"
        counted = f"SELECT {listed(step, 's')}, {', '.join(self._counts())} FROM ({asked}) AS s{joins}"
        count = "{} / __scale" if self.cube.runs == "ALL" else "CAST({} AS BIGINT)"
        return (
            f"SELECT *, {self._output} AS output,"
            f" {count.format('__votes')} AS votes, {count.format('__total')} AS total,"
            " __votes / nullif(__total, 0) AS support, (__largest - __second) / nullif(__all, 0) AS margin"
            f" FROM (SELECT *, {self._status} AS status FROM ({counted}))"
        )

    def _counts(self) -> list[str]:
        """What is known of a step, in units of a vote."""
        counts = [
            "coalesce(t.__scale, 1) AS __scale",
            "coalesce(t.__most, 0) AS __votes",
            "coalesce(t.__winners, 0) AS __winners",
            "t.__text",
            "i.__n - s.__present AS n_missing",
            "coalesce(t.__texts, CAST([] AS VARCHAR[])) AS candidates",
            f"{'d.__said' if self._led else 'NULL'} AS __said",
        ]
        if self._per_cluster:
            return [*counts, "i.__n AS __total", "i.__n AS __all", "z.__largest", "z.__second", "z.n_distinct"]
        counts += ["coalesce(t.__total, 0) AS __total", "coalesce(t.__total, 0) AS __all"]
        counts += ["coalesce(t.__most, 0) AS __largest", "coalesce(t.__second, 0) AS __second"]
        return [*counts, "coalesce(t.__classes_n, 0) AS n_distinct"]

    @property
    def _status(self) -> str:
        quorum = self.clauses.get(QUORUM)
        below = ""
        if quorum == "MAJORITY":
            below = "WHEN 2 * __votes <= __total THEN 'BELOW_QUORUM' "
        elif isinstance(quorum, Fraction):
            share = f"{quorum.denominator} * __votes < {quorum.numerator} * __total"
            below = f"WHEN {share} THEN 'BELOW_QUORUM' "
        return (
            f"CASE WHEN __votes = 0 THEN 'NO_VOTES' {below}WHEN __winners > 1 THEN 'TIE'"
            " WHEN __votes = __total THEN 'UNANIMOUS' WHEN 2 * __votes > __total THEN 'MAJORITY' ELSE 'PLURALITY' END"
        )

    @property
    def _output(self) -> str:
        tie = {"LEAST": "__text", "CLUSTER": "__said"}.get(self.clauses.get("TIE", "NULL"), "NULL")
        return (
            f"CASE status WHEN 'NO_VOTES' THEN NULL WHEN 'BELOW_QUORUM' THEN NULL WHEN 'TIE' THEN {tie} ELSE __text END"
        )
