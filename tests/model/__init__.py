"""A second opinion: the verbs in plain Python, slow and simple, written from docs/language.md and nothing else.

rows and a Statement -> answer(statement, lakehouse) -> the rows of the result, in their order
"""
