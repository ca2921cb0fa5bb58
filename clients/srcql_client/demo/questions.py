"""The questions of the demo: each with its query and a conclusion from the result."""

from dataclasses import dataclass

DATA_SET = "demo"


@dataclass(frozen=True)
class Question:
    """One query of the demo, with a title and a conclusion."""

    title: str
    query: str
    conclusion: str


def questions(before: int) -> tuple[Question, ...]:
    """Return the questions in order; `before` is the snapshot of the first batch."""
    return (*_QUESTIONS, _time_travel(before))


_QUESTIONS = (
    Question(
        "How do different implementations respond to one test?",
        f"""\
SELECT implementation_id, output, source_code
FROM (SLICE FROM {DATA_SET}.median WHERE test_id = 'even' WITH CODE)
WHERE implementation_id
      IN ('standard_library', 'upper_middle', 'whole_numbers')
ORDER BY output""",
        "The median of [4, 1, 3, 2]: one call, three responses, each with the code that returned it.",
    ),
    Question(
        "Which implementations behave alike on all tests?",
        f"""\
SELECT problem_id, cluster_id, size, is_largest, implementations
FROM (CLUSTER FROM {DATA_SET}) ORDER BY problem_id, cluster_id""",
        "Without any specification: correct implementations agree, and most mistakes are unique.",
    ),
    Question(
        "How much do the implementations of each problem disagree?",
        f"""\
SELECT problem_id, count(*) AS behaviours, sum(size) AS implementations,
       max(share) AS largest_share
FROM (CLUSTER FROM {DATA_SET})
GROUP BY problem_id ORDER BY largest_share, problem_id""",
        "A verb is a subquery of plain SQL. The smaller the largest share, the weaker a majority vote.",
    ),
    Question(
        "Which implementations are flaky?",
        f"""\
SELECT problem_id, implementation_id, count(*) AS flaky_responses
FROM (SELECT problem_id, implementation_id FROM observations
      WHERE data_set_id = '{DATA_SET}'
      GROUP BY problem_id, implementation_id, test_id, step_id
      HAVING count(DISTINCT output) > 1)
GROUP BY ALL ORDER BY ALL""",
        "Every test ran twice. This implementation responded differently the second time.",
    ),
    Question(
        "How does every implementation respond to every test?",
        f"""\
SELECT * EXCLUDE (data_set_id, problem_id, step_id)
FROM (MATRIX FROM {DATA_SET}.leap_year) ORDER BY test_id""",
        "The stimulus-response matrix (SRM): a row for each call, a column for each implementation.",
    ),
    Question(
        "Where does a majority vote fail?",
        f"""\
SELECT test_id, status, votes, total, majority.output AS majority,
       candidates, stated.output AS specified
FROM (ORACLE FROM {DATA_SET}.leap_year) AS majority
JOIN (SLICE FROM {DATA_SET}.leap_year WITH SPECIFIED) AS stated
USING (test_id, step_id)
WHERE specified AND majority.output IS DISTINCT FROM stated.output
ORDER BY test_id""",
        "Two votes are ties. In the third, four implementations agree on a wrong response: a majority is no proof.",
    ),
)


def _time_travel(before: int) -> Question:
    return Question(
        "What did the lakehouse contain before the last batch?",
        f"""\
SELECT problem_id, earlier.size AS alike_before, now.size AS alike_now
FROM (CLUSTER FROM {DATA_SET} AT (VERSION => {before})) AS earlier
JOIN (CLUSTER FROM {DATA_SET}) AS now USING (problem_id, cluster_id)
WHERE cluster_id = 1 ORDER BY problem_id""",
        "The first batch held two tests of each problem. A query can read any earlier snapshot.",
    )
