"""What the demo asks: a question, the query that says it, and what the answer shows."""

from dataclasses import dataclass

DATA_SET = "demo"


@dataclass(frozen=True)
class Question:
    """One query of the demo, in words before and after."""

    words: str
    text: str
    moral: str


def questions(before: int) -> tuple[Question, ...]:
    """Every question in turn; `before` is the snapshot of the first batch."""
    return (*_QUESTIONS, _time_travel(before))


_QUESTIONS = (
    Question(
        "What does one test do to different code?",
        f"""\
SELECT implementation_id, output, source_code
FROM (SLICE FROM {DATA_SET}.median WHERE test_id = 'even' WITH CODE)
WHERE implementation_id
      IN ('standard_library', 'upper_middle', 'whole_numbers')
ORDER BY output""",
        "The median of [4, 1, 3, 2]: one call, three answers, each beside the code that gave it.",
    ),
    Question(
        "Which implementations behave alike on all tests?",
        f"""\
SELECT problem_id, cluster_id, size, is_largest, implementations
FROM (CLUSTER FROM {DATA_SET}) ORDER BY problem_id, cluster_id""",
        "Nobody said what is right: those that are right agree, and most mistakes are one of a kind.",
    ),
    Question(
        "A verb is a query like any other: how much do they disagree?",
        f"""\
SELECT problem_id, count(*) AS behaviours, sum(size) AS implementations,
       max(share) AS largest_share
FROM (CLUSTER FROM {DATA_SET})
GROUP BY problem_id ORDER BY largest_share, problem_id""",
        "Plain SQL over clusters. The smaller the largest share, the less a majority says.",
    ),
    Question(
        "And who does not even agree with itself?",
        f"""\
SELECT problem_id, implementation_id, count(*) AS unsteady_responses
FROM (SELECT problem_id, implementation_id FROM observations
      WHERE data_set_id = '{DATA_SET}'
      GROUP BY problem_id, implementation_id, test_id, step_id
      HAVING count(DISTINCT output) > 1)
GROUP BY ALL ORDER BY ALL""",
        "Every test ran twice. This one answered otherwise the second time: it is flaky.",
    ),
    Question(
        "What did every program answer to every test?",
        f"""\
SELECT * EXCLUDE (data_set_id, problem_id, step_id)
FROM (MATRIX FROM {DATA_SET}.leap_year) ORDER BY test_id""",
        "A column for each implementation, a row for each call: the stimulus-response matrix.",
    ),
    Question(
        "What does the majority say, and is it right?",
        f"""\
SELECT test_id, status, votes, total, majority.output AS majority,
       candidates, stated.output AS specified
FROM (ORACLE FROM {DATA_SET}.leap_year) AS majority
JOIN (SLICE FROM {DATA_SET}.leap_year WITH SPECIFIED) AS stated
USING (test_id, step_id)
WHERE specified AND majority.output IS DISTINCT FROM stated.output
ORDER BY test_id""",
        "Two votes end in a tie, and one is lost to a mistake that several made: a majority is no proof.",
    ),
)


def _time_travel(before: int) -> Question:
    return Question(
        "And what was known before the last batch came?",
        f"""\
SELECT problem_id, earlier.size AS alike_before, now.size AS alike_now
FROM (CLUSTER FROM {DATA_SET} AT (VERSION => {before})) AS earlier
JOIN (CLUSTER FROM {DATA_SET}) AS now USING (problem_id, cluster_id)
WHERE cluster_id = 1 ORDER BY problem_id""",
        "The first batch held two tests of each problem. The lakehouse still knows how things stood then.",
    )
