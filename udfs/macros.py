"""Functions of lists as SQL macros, for elements of any type.

`jaccard(left T[], right T[])`: elements in both / elements in either, as sets; 1.0 for two empty lists (P. Jaccard,
"The distribution of the flora in the alpine zone", 1912). For two texts it is still DuckDB's own `jaccard`.
`agreement(left T[], right T[])`: of the places where both have an element, the share with equal elements; NULL if no
place has both.
`minhash_similarity(left, right)`: the agreement of two signatures of `minhash`, which estimates the `jaccard` of sets.

`exact_sum(x)`, `exact_avg(x)`: aggregates of numbers, as doubles; see `exact.py`.

NULL for a NULL list; NULL elements are ignored.
"""

MACROS = (
    """jaccard("left" VARCHAR, "right" VARCHAR) AS system.main.jaccard("left", "right"),
    ("left", "right") AS CASE WHEN "left" IS NULL OR "right" IS NULL THEN NULL
    WHEN len(list_distinct(list_concat("left", "right"))) = 0 THEN 1.0::DOUBLE
    ELSE (len(list_distinct("left")) + len(list_distinct("right")) - len(list_distinct(list_concat("left", "right"))))
         / len(list_distinct(list_concat("left", "right"))) END""",
    """agreement("left", "right") AS len(list_filter(list_zip("left", "right"), LAMBDA pair: pair[1] = pair[2]))
    / nullif(len(list_filter(list_zip("left", "right"), LAMBDA pair: pair[1] IS NOT NULL AND pair[2] IS NOT NULL)), 0)
    + CASE WHEN "left" IS NULL OR "right" IS NULL THEN NULL ELSE 0 END""",
    "exact_sum(x) AS __exact_sum(list(x))",
    "exact_avg(x) AS __exact_mean(list(x))",
    """minhash_similarity("left", "right") AS agreement("left"::BIGINT[], "right"::BIGINT[])""",
)
