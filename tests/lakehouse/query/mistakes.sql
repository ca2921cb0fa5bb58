SELECT outptu FROM observations;
--| UnknownName: line 1, column 8: unknown column outptu
--|   SELECT outptu FROM observations
--|          ^^^^^^
--|   hint: did you mean output?

SELECT o.outptu FROM observations AS o;
--| UnknownName: line 1, column 8: unknown column outptu in o
--|   SELECT o.outptu FROM observations AS o
--|          ^^^^^^^^

SELECT x.output FROM observations AS o;
--| UnknownName: line 1, column 8: unknown table x
--|   SELECT x.output FROM observations AS o
--|          ^
--|   hint: candidates: o

SIMILARITY JACARD FROM Demo;
--| UnknownName: line 1, column 12: unknown measure JACARD
--|   SIMILARITY JACARD FROM Demo
--|              ^^^^^^
--|   hint: did you mean JACCARD?

SELECT * FROM (SIMILARITY same_words FROM Demo.abs MIN 0.5);
--| UnknownName: line 1, column 27: unknown measure same_words
--|   SELECT * FROM (SIMILARITY same_words FROM Demo.abs MIN 0.5)
--|                             ^^^^^^^^^^
--|   hint: measures: AGREEMENT, EDIT, JACCARD

SELECT output FROM observaton;
--| UnknownName: line 1, column 20: unknown table observaton
--|   SELECT output FROM observaton
--|                      ^^^^^^^^^^
--|   hint: did you mean observations?

SELECT size, sise FROM (CLUSTER FROM Demo) WHERE size > 1;
--| UnknownName: line 1, column 14: unknown column sise
--|   SELECT size, sise FROM (CLUSTER FROM Demo) WHERE size > 1
--|                ^^^^
--|   hint: did you mean size?

SELECT 1 AS "é" FROM (CLUSTER FROM Demo) AS c
JOIN (ORACLE FROM Demo.abs) AS o ON c.sise = o.votes;
--| UnknownName: line 2, column 37: unknown column sise in c
--|   JOIN (ORACLE FROM Demo.abs) AS o ON c.sise = o.votes
--|                                       ^^^^^^

CLUSTER FROM (SELECT outptu FROM observations);
--| UnknownName: line 1, column 22: unknown column outptu
--|   CLUSTER FROM (SELECT outptu FROM observations)
--|                        ^^^^^^
--|   hint: did you mean output?

CLUSTER FROM (SELECT 1 AS x);
--| InvalidQuery: line 1, column 27: the query after FROM has no column data_set_id
--|   CLUSTER FROM (SELECT 1 AS x)
--|                             ^
--|   hint: select the columns data_set_id, problem_id, implementation_id, test_id, step_id and output

SELECT * EXCLUDE (outptu) FROM observations;
--| UnknownName: line 1, column 19: unknown column outptu
--|   SELECT * EXCLUDE (outptu) FROM observations
--|                     ^^^^^^
--|   hint: did you mean output?

SELECT * FROM tests JOIN observations USING (outptu);
--| UnknownName: line 1, column 46: unknown column outptu on the left side of the join
--|   SELECT * FROM tests JOIN observations USING (outptu)
--|                                                ^^^^^^

SELECT lenght(output) FROM observations;
--| UnknownName: line 1, column 8: unknown function lenght
--|   SELECT lenght(output) FROM observations
--|          ^^^^^^
--|   hint: did you mean length?

CLUSTER FROM Demo WHERE lenght(output) > 1;
--| UnknownName: line 1, column 25: unknown function lenght
--|   CLUSTER FROM Demo WHERE lenght(output) > 1
--|                           ^^^^^^
--|   hint: did you mean length?

SELECT * FROM reed_csv('x');
--| Forbidden: line 1, column 15: reed_csv is not a table function of the lakehouse
--|   SELECT * FROM reed_csv('x')
--|                 ^^^^^^^^^^^^^
--|   hint: table functions: generate_series, json_each, json_tree, range, unnest

SELECT 1::INTEGERR;
--| UnknownName: line 1, column 11: unknown type INTEGERR
--|   SELECT 1::INTEGERR
--|             ^^^^^^^^
--|   hint: did you mean INTEGER?

SELECT {'name': 1}.nmae;
--| UnknownName: line 1, column 20: unknown field nmae
--|   SELECT {'name': 1}.nmae
--|                      ^^^^
--|   hint: did you mean name?

SELECT length(step_id) FROM observations;
--| InvalidQuery: line 1, column 8: no function matches length(INTEGER)
--|   SELECT length(step_id) FROM observations
--|          ^^^^^^^^^^^^^^^
--|   hint: use length(string VARCHAR), length(bit BIT) or length(list ANY[])

SELECT output + 1 FROM observations;
--| InvalidQuery: line 1, column 15: no function matches +(VARCHAR, INTEGER)
--|   SELECT output + 1 FROM observations
--|                 ^
--|   hint: convert a value with CAST(… AS type)

SELECT sum(output) FROM observations;
--| InvalidQuery: line 1, column 8: no function matches sum(VARCHAR)
--|   SELECT sum(output) FROM observations
--|          ^^^^^^^^^^^
--|   hint: use sum(arg DECIMAL), sum(arg BOOLEAN), sum(arg SMALLINT) or another form

SELECT list_sum(['a']);
--| InvalidQuery: no function matches sum(VARCHAR)
--|   hint: use sum(arg DECIMAL), sum(arg BOOLEAN), sum(arg SMALLINT) or another form

SELECT step_id + 'x' FROM observations;
--| InvalidQuery: line 1, column 16: +(INTEGER, VARCHAR) is ambiguous
--|   SELECT step_id + 'x' FROM observations
--|                  ^
--|   hint: state the type of a value with CAST(… AS type)

SELECT output > 1 FROM observations;
--| InvalidQuery: line 1, column 8: cannot compare VARCHAR with INTEGER
--|   SELECT output > 1 FROM observations
--|          ^^^^^^^^^^
--|   hint: convert a value with CAST(… AS type)

SELECT response_kind(1);
--| InvalidQuery: line 1, column 8: no function matches response_kind(INTEGER)
--|   SELECT response_kind(1)
--|          ^^^^^^^^^^^^^^^^
--|   hint: use response_kind(VARCHAR)

SELECT response_key();
--| InvalidQuery: line 1, column 8: response_key does not accept these arguments
--|   SELECT response_key()
--|          ^^^^^^^^^^^^
--|   hint: use response_key(output, equality := '')

CLUSTER FROM Demo WHERE step_id = 'x';
--| ExecutionError: line 1, column 35: 'x' is not an INTEGER
--|   CLUSTER FROM Demo WHERE step_id = 'x'
--|                                     ^^^
--|   hint: use TRY_CAST(… AS INTEGER) to get NULL instead of an error

CLUSTER FROM Demo LIMIT 'x';
--| ExecutionError: line 1, column 25: 'x' is not a BIGINT
--|   CLUSTER FROM Demo LIMIT 'x'
--|                           ^^^
--|   hint: use TRY_CAST(… AS BIGINT) to get NULL instead of an error

SELECT 300::TINYINT;
--| ExecutionError: line 1, column 11: 300 is out of range for TINYINT
--|   SELECT 300::TINYINT
--|             ^^^^^^^^^
--|   hint: use TRY_CAST(… AS TINYINT) to get NULL instead of an error

SELECT 2147483647::INTEGER + 1::INTEGER;
--| ExecutionError: 2147483647 + 1 is out of range for INTEGER
--|   hint: use a wider type: CAST(… AS HUGEINT) or CAST(… AS DOUBLE)

SELECT '1,2'::INTEGER[];
--| ExecutionError: line 1, column 13: '1,2' is not an INTEGER[]
--|   SELECT '1,2'::INTEGER[]
--|               ^^^^^^^^^^^
--|   hint: use TRY_CAST(… AS INTEGER[]) to get NULL instead of an error

SELECT 1 % 0;
--| ExecutionError: division by zero: 1 % 0
--|   hint: use nullif(divisor, 0) to get NULL instead of an error

SELECT DATE '2024-13-01';
--| ExecutionError: line 1, column 8: '2024-13-01' is not a date
--|   SELECT DATE '2024-13-01'
--|          ^^^^^^^^^^^^^^^^^
--|   hint: write a date as '2026-01-31', a time as '03:04:05', a timestamp as '2026-01-31 03:04:05'

SELECT TIMESTAMP 'yesterday';
--| ExecutionError: line 1, column 8: 'yesterday' is not a timestamp
--|   SELECT TIMESTAMP 'yesterday'
--|          ^^^^^^^^^^^^^^^^^^^^^
--|   hint: write a date as '2026-01-31', a time as '03:04:05', a timestamp as '2026-01-31 03:04:05'

SELECT date_trunc('fortnight', DATE '2024-01-01');
--| ExecutionError: 'fortnight' is not a date part
--|   hint: use year, quarter, month, week, day, hour, minute, second or another date part

SELECT strptime('x', '%Y');
--| ExecutionError: 'x' does not match the format '%Y'
--|   hint: use try_strptime to get NULL instead of an error

SELECT '{'::JSON;
--| ExecutionError: line 1, column 11: "{" is not valid JSON: unexpected end of data
--|   SELECT '{'::JSON
--|             ^^^^^^
--|   hint: use TRY_CAST(… AS JSON) to get NULL instead of an error

SELECT test_id, count(*) FROM observations;
--| InvalidQuery: line 1, column 8: test_id must be in GROUP BY or in an aggregate
--|   SELECT test_id, count(*) FROM observations
--|          ^^^^^^^
--|   hint: add GROUP BY test_id, or use min(test_id)

SELECT test_id FROM observations WHERE count(*) > 1;
--| InvalidQuery: line 1, column 40: WHERE cannot contain aggregates
--|   SELECT test_id FROM observations WHERE count(*) > 1
--|                                          ^^^^^^^^
--|   hint: use HAVING to filter groups

SELECT test_id FROM observations GROUP BY count(*);
--| InvalidQuery: line 1, column 43: GROUP BY cannot contain aggregates
--|   SELECT test_id FROM observations GROUP BY count(*)
--|                                             ^^^^^^^^
--|   hint: compute them in a subquery: FROM (SELECT …)

SELECT max(max(step_id)) FROM observations;
--| InvalidQuery: line 1, column 12: an aggregate cannot contain another aggregate
--|   SELECT max(max(step_id)) FROM observations
--|              ^^^^^^^^^^^^
--|   hint: use a subquery: SELECT max(n) FROM (SELECT count(*) AS n … GROUP BY …)

SELECT 1 FROM observations WHERE row_number() OVER () = 1;
--| InvalidQuery: line 1, column 34: WHERE cannot contain window functions
--|   SELECT 1 FROM observations WHERE row_number() OVER () = 1
--|                                    ^^^^^^^^^^^^^^^^^^^^
--|   hint: use QUALIFY to filter by a window function

SELECT row_number();
--| InvalidQuery: line 1, column 8: a window function is not allowed here
--|   SELECT row_number()
--|          ^^^^^^^^^^^^
--|   hint: use it in SELECT, QUALIFY or ORDER BY, with OVER (…) after it

SELECT data_set_id FROM observations AS a JOIN tests AS b ON a.test_id = b.test_id;
--| InvalidQuery: line 1, column 8: column data_set_id is ambiguous
--|   SELECT data_set_id FROM observations AS a JOIN tests AS b ON a.test_id = b.test_id
--|          ^^^^^^^^^^^
--|   hint: write a.data_set_id or b.data_set_id

SELECT * FROM observations o, tests o;
--| InvalidQuery: duplicate table name o
--|   hint: give one of the tables another name with AS

SELECT * FROM observations LIMIT -1;
--| InvalidQuery: line 1, column 34: LIMIT and OFFSET must be at least 0
--|   SELECT * FROM observations LIMIT -1
--|                                    ^^

SELECT 1 ORDER BY 2;
--| InvalidQuery: line 1, column 19: expected a column number from 1 to 1
--|   SELECT 1 ORDER BY 2
--|                     ^

SELECT (SELECT test_id FROM tests);
--| ExecutionError: a scalar subquery returned several rows
--|   hint: add LIMIT 1 or an aggregate

SELECT (SELECT 1, 2);
--| InvalidQuery: line 1, column 8: the subquery returns 2 columns, expected 1
--|   SELECT (SELECT 1, 2)
--|          ^^^^^^^^^^^^^
--|   hint: select the expected columns: (SELECT … FROM (…))

SELECT 1 UNION SELECT 1, 2;
--| InvalidQuery: both sides of UNION, EXCEPT or INTERSECT must have the same number of columns
--|   hint: use UNION BY NAME to match columns by name

SELECT output WHERE true;
--| UnknownName: line 1, column 8: unknown column output
--|   SELECT output WHERE true
--|          ^^^^^^
--|   hint: add FROM, or write a string in single quotes

SELECT 1 FORM observations;
--| InvalidQuery: line 1, column 10: syntax error at FORM
--|   SELECT 1 FORM observations
--|            ^^^^
--|   hint: did you mean FROM?

SELECT 1 FROM observations WHER step_id = 1;
--| InvalidQuery: line 1, column 28: syntax error at WHER
--|   SELECT 1 FROM observations WHER step_id = 1
--|                              ^^^^
--|   hint: did you mean WHERE?

SELECT row_number() OVER (PARTITON BY 1);
--| InvalidQuery: line 1, column 27: syntax error at PARTITON
--|   SELECT row_number() OVER (PARTITON BY 1)
--|                             ^^^^^^^^
--|   hint: did you mean PARTITION?

SELECT * FROM observations ORDER output;
--| InvalidQuery: line 1, column 34: expected BY after ORDER, found output
--|   SELECT * FROM observations ORDER output
--|                                    ^^^^^^

SELECT 1,, 2;
--| InvalidQuery: line 1, column 10: syntax error at ,
--|   SELECT 1,, 2
--|            ^

SELECT (1;
--| InvalidQuery: line 1, column 9: syntax error at or after 1
--|   SELECT (1
--|           ^
--|   hint: add the missing )

SELECT 1 FROM observations WHERE;
--| InvalidQuery: line 1, column 28: syntax error at or after WHERE
--|   SELECT 1 FROM observations WHERE
--|                              ^^^^^
--|   hint: complete the statement

SELECT FROM observations;
--| InvalidQuery: expected columns after SELECT, found none
--|   hint: use SELECT * FROM …

SELECT 'abc;
--| InvalidQuery: line 1, column 8: unterminated string
--|   SELECT 'abc
--|          ^
--|   hint: end the string with a single quote: 'text'

SELECT "abc FROM observations;
--| InvalidQuery: line 1, column 8: unterminated identifier
--|   SELECT "abc FROM observations
--|          ^
--|   hint: end the identifier with a double quote: "name"

SELECT 1 /* abc;
--| InvalidQuery: line 1, column 10: unterminated comment
--|   SELECT 1 /* abc
--|            ^^
--|   hint: end it with */

help;
--| InvalidQuery: line 1, column 1: expected a query, found help
--|   help
--|   ^^^^
--|   hint: start with SELECT, FROM, WITH, VALUES or a verb, such as CLUSTER FROM data_set

ORACEL FROM Demo;
--| InvalidQuery: line 1, column 1: syntax error at ORACEL
--|   ORACEL FROM Demo
--|   ^^^^^^
--|   hint: did you mean ORACLE?

SELECT * FROM (CLUSTR FROM Demo);
--| InvalidQuery: line 1, column 16: syntax error at CLUSTR
--|   SELECT * FROM (CLUSTR FROM Demo)
--|                  ^^^^^^
--|   hint: did you mean CLUSTER?

SELECT * FROM (CLUSTER FORM Demo);
--| InvalidQuery: line 1, column 24: syntax error at FORM
--|   SELECT * FROM (CLUSTER FORM Demo)
--|                          ^^^^
--|   hint: did you mean FROM?

WITH o AS (ORACEL FROM Demo) FROM o;
--| InvalidQuery: line 1, column 12: syntax error at ORACEL
--|   WITH o AS (ORACEL FROM Demo) FROM o
--|              ^^^^^^
--|   hint: did you mean ORACLE?

WITH o AS ORACLE FROM Demo SELECT 1;
--| InvalidQuery: line 1, column 11: syntax error at ORACLE
--|   WITH o AS ORACLE FROM Demo SELECT 1
--|             ^^^^^^
--|   hint: put the verb in parentheses: (ORACLE FROM …)

CLUSTER FROM Demo UNION;
--| InvalidQuery: line 1, column 19: syntax error at or after UNION
--|   CLUSTER FROM Demo UNION
--|                     ^^^^^
--|   hint: complete the statement

CLUSTER FROM (SELECT);
--| InvalidQuery: expected columns after SELECT, found none
--|   hint: use SELECT * FROM …

CLUSTER FROM (1);
--| InvalidQuery: line 1, column 15: expected a query, found 1
--|   CLUSTER FROM (1)
--|                 ^
--|   hint: use FROM data_set, or FROM (FROM table)

CLUSTER FROM Demo LIMIT 5, 10;
--| InvalidQuery: line 1, column 26: syntax error at ,
--|   CLUSTER FROM Demo LIMIT 5, 10
--|                            ^

CLUSTER FROM Demo ORDER BY size DESC, ;
--| InvalidQuery: line 1, column 38: expected a column of the result, found the end of the statement
--|   CLUSTER FROM Demo ORDER BY size DESC, 
--|                                        ^

CLUSTER FROM Demo ORDER BY count(*);
--| InvalidQuery: line 1, column 19: ORDER BY takes no aggregates: it reads one row of the result at a time
--|   CLUSTER FROM Demo ORDER BY count(*)
--|                     ^^^^^^^^^^^^^^^^^
--|   hint: aggregate the result, as in SELECT … FROM (verb) GROUP BY … HAVING …

CLUSTER FROM Demo UNION ALL SELECT;
--| InvalidQuery: expected columns after SELECT, found none
--|   hint: use SELECT * FROM …

CLUSTER FROM Demo INTERSECT CLUSTER;
--| InvalidQuery: line 1, column 29: syntax error at CLUSTER
--|   CLUSTER FROM Demo INTERSECT CLUSTER
--|                               ^^^^^^^
--|   hint: put the verb in parentheses: (CLUSTER FROM …)

CLUSTER FROM "Demo;
--| InvalidQuery: line 1, column 14: unterminated identifier
--|   CLUSTER FROM "Demo
--|                ^
--|   hint: end the identifier with a double quote: "name"

CLUSTER FROM Demo WHERE output = 'it's';
--| InvalidQuery: line 1, column 39: unterminated string
--|   CLUSTER FROM Demo WHERE output = 'it's'
--|                                         ^
--|   hint: end the string with a single quote: 'text'

CLUSTER FROM observations;
--| UnknownName: line 1, column 14: unknown data set observations
--|   CLUSTER FROM observations
--|                ^^^^^^^^^^^^
--|   hint: data sets: Commits, Demo, Runs

EXPLAIN SELECT outptu FROM observations;
--| UnknownName: line 1, column 16: unknown column outptu
--|   EXPLAIN SELECT outptu FROM observations
--|                  ^^^^^^
--|   hint: did you mean output?

EXPLAIN nonsense;
--| InvalidQuery: line 1, column 9: expected a query, found nonsense
--|   EXPLAIN nonsense
--|           ^^^^^^^^
--|   hint: start with SELECT, FROM, WITH, VALUES or a verb, such as CLUSTER FROM data_set

SELECT CASE WHEN step_id = 1 THEN 'a' ELSE 1 END FROM observations;
--| ExecutionError: line 1, column 35: 'a' is not an INTEGER
--|   SELECT CASE WHEN step_id = 1 THEN 'a' ELSE 1 END FROM observations
--|                                     ^^^
--|   hint: use TRY_CAST(… AS INTEGER) to get NULL instead of an error

SELECT regexp_matches(output, '(') FROM observations;
--| ExecutionError: invalid regular expression: missing )

PIVOT observations ON outptu;
--| InvalidQuery: PIVOT needs the values that become columns
--|   hint: use PIVOT table ON column IN (value, …) USING aggregate

DESCRIBE observatons;
--| UnknownName: unknown table observatons
--|   hint: did you mean observations?

SELECT window_name(1) OVER w FROM tests;
--| UnknownName: line 1, column 28: unknown window w
--|   SELECT window_name(1) OVER w FROM tests
--|                              ^
--|   hint: add WINDOW w AS (…)

SELECT unnest(1);
--| InvalidQuery: line 1, column 8: UNNEST() can only be applied to lists, structs and NULL, not INTEGER
--|   SELECT unnest(1)
--|          ^^^^^^^^^

SELECT COLUMNS('x.*') FROM tests;
--| InvalidQuery: line 1, column 8: no column matches 'x.*'
--|   SELECT COLUMNS('x.*') FROM tests
--|          ^^^^^^^^^^^^^^

VALUES (1), (1, 2);
--| InvalidQuery: line 1, column 14: VALUES lists must all be the same length, expected 1 entry but found a list with 2 entries
--|   VALUES (1), (1, 2)
--|                ^

CLUSTER FROM ('MBPP');
--| InvalidQuery: line 1, column 15: expected a query, found 'MBPP'
--|   CLUSTER FROM ('MBPP')
--|                 ^^^^^^
--|   hint: use FROM 'MBPP' for a data set, or FROM (FROM 'MBPP') for a table

SELECT (CLUSTER FROM Demo);
--| InvalidQuery: line 1, column 8: the subquery returns 11 columns, expected 1
--|   SELECT (CLUSTER FROM Demo)
--|          ^^^^^^^^^^^^^^^^^^^
--|   hint: select the expected columns: (SELECT … FROM (…))

SELECT 1 WHERE 1 IN (CLUSTER FROM Demo);
--| InvalidQuery: line 1, column 21: the subquery returns 11 columns, expected 1
--|   SELECT 1 WHERE 1 IN (CLUSTER FROM Demo)
--|                       ^^^^^^^^^^^^^^^^^^^
--|   hint: select the expected columns: (SELECT … FROM (…))

SELECT *
FROM (CLUSTER FROM (SELECT * EXCLUDE (test_id)
  FROM observations) STEPS LAST);
--| InvalidQuery: line 3, column 8: the query after FROM has no column test_id
--|     FROM observations) STEPS LAST)
--|          ^^^^^^^^^^^^
--|   hint: select the columns data_set_id, problem_id, implementation_id, test_id, step_id and output

CLUSTER FROM (CLUSTER FROM Demo);
--| InvalidQuery: the query after FROM has no column implementation_id
--|   hint: select the columns data_set_id, problem_id, implementation_id, test_id, step_id and output

SELECT regexp_matches(output, '[') FROM observations;
--| ExecutionError: invalid regular expression: missing ]

SELECT regexp_matches('a', '*') FROM observations;
--| ExecutionError: invalid regular expression: no argument for repetition operator

MATRIX FROM Demo;
--| InvalidQuery: line 1, column 1: expected one problem, found 2
--|   MATRIX FROM Demo
--|   ^^^^^^
--|   hint: use one MATRIX for each problem: MATRIX FROM "Demo"."abs", MATRIX FROM "Demo"."stack", …

MATRIX FROM Demo.abs AT MOST 2;
--| InvalidQuery: line 1, column 1: MATRIX has 6 columns, and at most 2 are allowed
--|   MATRIX FROM Demo.abs AT MOST 2
--|   ^^^^^^
--|   hint: use AT MOST 6, or select fewer implementations with WHERE

SELECT a FROM (MATRIX FROM Demo.abs) WHERE g = '1';
--| UnknownName: line 1, column 44: unknown column g
--|   SELECT a FROM (MATRIX FROM Demo.abs) WHERE g = '1'
--|                                              ^
--|   hint: candidates: a

SELECT output FROM (ORACLE FROM Demo.abs) WHERE votes > 'many';
--| ExecutionError: line 1, column 57: 'many' is not a BIGINT
--|   SELECT output FROM (ORACLE FROM Demo.abs) WHERE votes > 'many'
--|                                                           ^^^^^^
--|   hint: use TRY_CAST(… AS BIGINT) to get NULL instead of an error

CLUSTER FROM Deno;
--| UnknownName: line 1, column 14: unknown data set Deno
--|   CLUSTER FROM Deno
--|                ^^^^
--|   hint: did you mean Demo?

CLUSTER FROM Demo.asb;
--| UnknownName: line 1, column 19: unknown problem asb in data set Demo
--|   CLUSTER FROM Demo.asb
--|                     ^^^
--|   hint: did you mean abs?

CLUSTER FROM Demo USING THROUGH sorted;
--| UnknownName: line 1, column 33: unknown canonicaliser sorted
--|   CLUSTER FROM Demo USING THROUGH sorted
--|                                   ^^^^^^
--|   hint: there are no canonicalisers yet

SELECT * FROM observations WHERE problem_id = 'p' = false;
--| InvalidQuery: chained comparisons are not supported
--|   hint: combine two comparisons with AND, or put one in parentheses

SLICE FROM (SELECT * REPLACE (99999999999 AS step_id) FROM observations);
--| ExecutionError: 99999999999 is out of range for INTEGER
--|   hint: use TRY_CAST(… AS INTEGER) to get NULL instead of an error

ORACLE FROM (VALUES (1));
--| InvalidQuery: line 1, column 23: the query after FROM has no column data_set_id
--|   ORACLE FROM (VALUES (1))
--|                         ^
--|   hint: select the columns data_set_id, problem_id, implementation_id, test_id, step_id and output

MATRIX FROM Demo.abs ORDER BY "all";
--| UnknownName: line 1, column 31: unknown column all
--|   MATRIX FROM Demo.abs ORDER BY "all"
--|                                 ^^^^^
--|   hint: candidates: a

SELECT list_transform([1], x -> x + 1) FROM (CLUSTER FROM Demo);
--| InvalidQuery: lambdas with -> are not supported
--|   hint: use list_transform([1], lambda x: x + 1)

SELECT size.x FROM (CLUSTER FROM Demo) AS size;
--| UnknownName: line 1, column 13: unknown field x: the value before the dot is not a struct
--|   SELECT size.x FROM (CLUSTER FROM Demo) AS size
--|               ^
--|   hint: rename a table that has the name of one of its columns with AS

SELECT * FROM (PIVOT (CLUSTER FROM Demo) ON size USING count(*) GROUP BY problem_id);
--| InvalidQuery: PIVOT needs the values that become columns
--|   hint: use PIVOT table ON column IN (value, …) USING aggregate

SELECT * FROM memory.main.clusters;
--| Forbidden: line 1, column 15: clusters is not a table of the lakehouse
--|   SELECT * FROM memory.main.clusters
--|                 ^^^^^^^^^^^^^^^^^^^^
--|   hint: read the lakehouse with SELECT and the verbs of SRCQL; write to it with ingest

SELECT * FROM observations WHERE implementation_id = $2;
--| InvalidQuery: line 1, column 54: missing parameter $1: the statement has $2
--|   SELECT * FROM observations WHERE implementation_id = $2
--|                                                        ^^
--|   hint: write parameters as ?, or as $1, $2 and so on

SELECT $size FROM (CLUSTER FROM Demo);
--| InvalidQuery: line 1, column 8: expected a numbered parameter, found $size
--|   SELECT $size FROM (CLUSTER FROM Demo)
--|          ^^^^^
--|   hint: write parameters as ?, or as $1, $2 and so on

MATRIX FROM Demo.abs WHERE output = $n;
--| InvalidQuery: line 1, column 37: expected a numbered parameter, found $n
--|   MATRIX FROM Demo.abs WHERE output = $n
--|                                       ^^
--|   hint: write parameters as ?, or as $1, $2 and so on

EXPLAIN ANALYZE SELECT $1, $3;
--| InvalidQuery: line 1, column 28: missing parameter $2: the statement has $3
--|   EXPLAIN ANALYZE SELECT $1, $3
--|                              ^^
--|   hint: write parameters as ?, or as $1, $2 and so on

SELECT ? FROM (CLUSTER FROM Demo);
--| InvalidQuery: expected 1 parameter, found 0

SLICE FROM (SELECT * REPLACE ({'a': 1} AS output) FROM observations);
--| ExecutionError: FROM (query) returned an output of type STRUCT(a INTEGER): use to_json to return text

ORACLE FROM (SELECT * REPLACE ([1] AS output) FROM observations);
--| ExecutionError: FROM (query) returned an output of type INTEGER[]: use to_json to return text

EXPLAIN ANALYZE;
--| InvalidQuery: line 1, column 16: expected a query after EXPLAIN, found the end of the statement
--|   EXPLAIN ANALYZE
--|                  ^
--|   hint: use EXPLAIN query, or EXPLAIN ANALYZE query to run it

EXPLAIN ANALYZE (FORMAT json) CLUSTER FROM Demo;
--| Unsupported: line 1, column 18: EXPLAIN takes no options
--|   EXPLAIN ANALYZE (FORMAT json) CLUSTER FROM Demo
--|                    ^^^^^^
--|   hint: use EXPLAIN query, or EXPLAIN ANALYZE query to run it

EXPLAIN ANALYZE EXPLAIN CLUSTER FROM Demo;
--| Unsupported: line 1, column 17: duplicate EXPLAIN
--|   EXPLAIN ANALYZE EXPLAIN CLUSTER FROM Demo
--|                   ^^^^^^^
--|   hint: use EXPLAIN query, or EXPLAIN ANALYZE query to run it

EXPLAIN ANALYZE CLUSTER FROM Demo WHERE outptu = '1';
--| UnknownName: line 1, column 41: unknown column outptu
--|   EXPLAIN ANALYZE CLUSTER FROM Demo WHERE outptu = '1'
--|                                           ^^^^^^
--|   hint: did you mean output?

EXPLAIN ANALYZE SELECT sise FROM (CLUSTER FROM Demo);
--| UnknownName: line 1, column 24: unknown column sise
--|   EXPLAIN ANALYZE SELECT sise FROM (CLUSTER FROM Demo)
--|                          ^^^^
--|   hint: did you mean size?

EXPLAIN ANALYZE SELECT CAST(representative AS INTEGER) FROM (CLUSTER FROM Demo);
--| ExecutionError: line 1, column 24: 'a' is not an INTEGER
--|   EXPLAIN ANALYZE SELECT CAST(representative AS INTEGER) FROM (CLUSTER FROM Demo)
--|                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--|   hint: use TRY_CAST(… AS INTEGER) to get NULL instead of an error
