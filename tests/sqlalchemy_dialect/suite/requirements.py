"""The features of a read-only lakehouse, for SQLAlchemy's test suite."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

NO, YES = exclusions.closed(), exclusions.open()


class Requirements(SuiteRequirements):
    """No statement writes; queries are those of DuckDB."""

    schemas = NO  # there is one
    schema_reflection = NO
    temp_table_reflection = NO
    temporary_tables = NO
    sequences = NO
    autoincrement_insert = NO
    implicitly_named_constraints = NO
    index_reflection = NO
    unique_constraint_reflection = NO
    savepoints = NO
    window_range = window_range_numeric = window_range_non_numeric = NO  # their bounds are parameters
    identity_columns = NO
    autoincrement_without_sequence = NO

    ctes = ctes_with_values = YES
    ctes_with_update_delete = NO
    precision_numerics_enotation_small = YES
    precision_numerics_many_significant_digits = YES
    date = datetime = time = YES
    datetime_microseconds = time_microseconds = YES
    datetime_literals = YES
    window_functions = YES
    intersect = except_ = YES
    parens_in_union_no_order_by = parens_in_union_order_by = YES
    order_by_col_from_union = YES
    bound_limit_offset = fetch_first = fetch_no_order_by = fetch_expression = YES
    expressions_against_unbounded_text = YES
    supports_is_distinct_from = YES
    tuple_in = YES
    regexp_match = YES
    infinity_floats = YES
    supports_bitwise_and = supports_bitwise_or = supports_bitwise_not = supports_bitwise_xor = YES
    supports_bitwise_shift = YES
    standalone_null_binds_whereclause = YES
    unicode_data = unicode_ddl = YES
    date_historic = datetime_historic = YES
