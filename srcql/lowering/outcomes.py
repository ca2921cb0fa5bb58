"""What the votes at each step decide: with all voters, and without each one of them."""

from fractions import Fraction

from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import WINS, Votes, VotingRules
from srcql.sql import listed, same

WIDE = "CAST({} AS DECIMAL(38, 0))"


def decided(lowering: Lowering, rules: VotingRules, votes: Votes) -> str:
    """Return a query of the columns of ORACLE, one row for each step."""
    count = "{} / __scale" if lowering.cube.runs == "ALL" else "CAST({} AS BIGINT)"
    return (
        f"SELECT *, {_output(rules)} AS output,"
        f" {count.format('__votes')} AS votes, {count.format('__total')} AS total,"
        " __votes / nullif(__total, 0) AS support, (__largest - __second) / nullif(__all, 0) AS margin"
        f" FROM (SELECT *, {_status(rules)} AS status FROM ({_counted(lowering, votes)}))"
    )


def leaving_one_out(lowering: Lowering, rules: VotingRules, votes: Votes) -> str:
    """Return a query of what each step decides without the vote of each voter: the step, `__who` and `output`.

    Without a vote for a class that loses, the winners stay; without one for a class that wins, it may lose to the
    other winners, or draw with the runners-up.
    """
    left = _left(lowering, votes, _runners_up(lowering, votes), _least_texts(lowering, votes))
    return f"SELECT *, {_output(rules)} AS output FROM (SELECT *, {_status(rules)} AS status FROM ({left}))"


def _counted(lowering: Lowering, votes: Votes) -> str:
    analysis, step, traces = lowering.cube.analysis, lowering.step, votes.traces
    asked = f"SELECT {listed(step)}, count(DISTINCT __who) AS __present FROM {traces} GROUP BY {listed(step)}"
    everyone = f"SELECT {listed(analysis)}, count(DISTINCT __who) AS __n FROM {traces} GROUP BY {listed(analysis)}"
    joins = f" JOIN ({everyone}) AS i ON {same('s', 'i', analysis)}"
    joins += f" LEFT JOIN {votes.tallies} AS t ON {same('s', 't', step)}"
    if votes.led:
        joins += f" LEFT JOIN {votes.led} AS d ON {same('s', 'd', step)}"
    if votes.sizes:
        joins += f" JOIN {votes.sizes} AS z ON {same('s', 'z', analysis)}"
    return f"SELECT {listed(step, 's')}, {', '.join(_counts(votes))} FROM ({asked}) AS s{joins}"


def _counts(votes: Votes) -> list[str]:
    """Return the columns of a step; votes are in units of `__scale` to a vote."""
    counts = [
        "coalesce(t.__scale, 1) AS __scale",
        "coalesce(t.__most, 0) AS __votes",
        "coalesce(t.__winners, 0) AS __winners",
        "t.__text",
        "i.__n - s.__present AS n_missing",
        "coalesce(t.__texts, CAST([] AS VARCHAR[])) AS candidates",
        f"{'d.__said' if votes.led else 'NULL'} AS __said",
    ]
    if votes.sizes:
        return [*counts, "i.__n AS __total", "i.__n AS __all", "z.__largest", "z.__second", "z.n_distinct"]
    counts += ["coalesce(t.__total, 0) AS __total", "coalesce(t.__total, 0) AS __all"]
    counts += ["coalesce(t.__most, 0) AS __largest", "coalesce(t.__second, 0) AS __second"]
    return [*counts, "coalesce(t.__classes_n, 0) AS n_distinct"]


def _status(rules: VotingRules) -> str:
    below = ""
    if rules.quorum == "MAJORITY":
        below = "WHEN 2 * __votes <= __total THEN 'BELOW_QUORUM' "
    elif isinstance(rules.quorum, Fraction):
        least, all_ = (WIDE.format(number) for number in rules.quorum.as_integer_ratio())
        below = f"WHEN {all_} * __votes < {least} * __total THEN 'BELOW_QUORUM' "
    return (
        f"CASE WHEN __votes = 0 THEN 'NO_VOTES' {below}WHEN __winners > 1 THEN 'TIE'"
        " WHEN __votes = __total THEN 'UNANIMOUS' WHEN 2 * __votes > __total THEN 'MAJORITY' ELSE 'PLURALITY' END"
    )


def _output(rules: VotingRules) -> str:
    tie = {"LEAST": "__text", "CLUSTER": "__said"}.get(rules.tie, "NULL")
    return f"CASE status WHEN 'NO_VOTES' THEN NULL WHEN 'BELOW_QUORUM' THEN NULL WHEN 'TIE' THEN {tie} ELSE __text END"


def _runners_up(lowering: Lowering, votes: Votes) -> Cte:
    step = listed(lowering.step)
    others = f"SELECT *, max(__votes) OVER (PARTITION BY {step}) AS __most FROM {votes.ranked} WHERE NOT {WINS}"
    runners_up = (
        f"SELECT {step}, max(__votes) AS __second, min(__text) AS __least, count(*) AS __n FROM ({others})"
        f" WHERE __votes = __most GROUP BY {step}"
    )
    return lowering.define("__runners_up", runners_up)


def _least_texts(lowering: Lowering, votes: Votes) -> Cte:
    """Define `__least`: each class's least text, the number of voters for it, and the next text."""
    step = listed(lowering.step)
    said = (
        f"SELECT {step}, __response, output, count(*) AS __said FROM {votes.voters} GROUP BY {step}, __response, output"
    )
    place = f"ROW_NUMBER() OVER (PARTITION BY {step}, __response ORDER BY output) AS __place"
    columns = (
        "min(output) FILTER (__place = 1) AS __text, max(__said) FILTER (__place = 1) AS __said,"
        " min(output) FILTER (__place = 2) AS __next"
    )
    texts = f"SELECT *, {place} FROM ({said})"
    return lowering.define(
        "__least", f"SELECT {step}, __response, {columns} FROM ({texts}) GROUP BY {step}, __response"
    )


def _left(lowering: Lowering, votes: Votes, runners_up: Cte, least: Cte) -> str:
    step = lowering.step
    response = "v.__response = {}.__response"
    return (
        f"SELECT {listed(step, 'v')}, v.__who, t.__total - 1 AS __total, {', '.join(_remaining())}"
        f" FROM {votes.voters} AS v"
        f" JOIN {votes.ranked} AS r ON {same('v', 'r', step)} AND {response.format('r')}"
        f" JOIN {least} AS l ON {same('v', 'l', step)} AND {response.format('l')}"
        f" JOIN {votes.tallies} AS t ON {same('v', 't', step)}"
        f" LEFT JOIN {runners_up} AS u ON {same('v', 'u', step)}"
    )


def _remaining() -> list[str]:
    """Return the columns without the vote `v` for the class `r`: votes, number of winners, and their least text."""
    own = "CASE WHEN v.output = l.__text AND l.__said = 1 THEN l.__next ELSE l.__text END"
    other = "CASE WHEN t.__text = r.__text THEN t.__texts[2] ELSE t.__text END"
    cases = {
        f"NOT r.{WINS}": ("r.__first", "t.__winners", "t.__text"),
        "t.__winners > 1": ("r.__first", "t.__winners - 1", other),
        "r.__first - 1 > coalesce(u.__second, 0)": ("r.__first - 1", "1", own),
        "u.__second > 0": ("u.__second", "u.__n + 1", f"least(u.__least, {own})"),
    }
    columns = {"__votes": "0", "__winners": "0", "__text": "NULL"}
    return [
        "CASE " + " ".join(f"WHEN {when} THEN {values[i]}" for when, values in cases.items()) + f" ELSE {none} END"
        f" AS {name}"
        for i, (name, none) in enumerate(columns.items())
    ]
