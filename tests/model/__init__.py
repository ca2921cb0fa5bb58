"""Reference model: the verbs in plain Python, slow and simple, written only from docs/language.md.

rows and a Statement -> answer(statement, lakehouse) -> the rows of the result, in order
"""
