"""SRCQL, the language: a text becomes SQL that any engine of the lakehouse can run.

    text ──parser──▶ verbs, each with its place ──clauses──▶ cubes, checked ──cells, verbs/──▶ SQL in place of each verb

`compile` is the way in: `from srcql.compile import compile`. `verbs/` holds the language at a glance, `schema` the
tables that it speaks of, `errors` what can be wrong. `dialect` offers the same to sqlglot.
"""
