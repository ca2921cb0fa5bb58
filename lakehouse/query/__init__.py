"""The query path: compiles a statement, checks it, creates its views, runs it, and words its errors."""
