"""The verbs of the language, one file each."""
