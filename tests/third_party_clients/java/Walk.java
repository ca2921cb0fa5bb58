import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.JDBCType;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Calls all of JDBC's interfaces; prints a line for each step: PASS, SKIP (the driver does not implement it) or FAIL.
 *
 * <p>Arguments: the JDBC address of a server, then a user and a password if it has a users file.
 */
public class Walk {
  private static final Map<String, Integer> COUNTS = new LinkedHashMap<>(Map.of("PASS", 0, "SKIP", 0, "FAIL", 0));
  private static final String ENDLESS = "SELECT count(*) FROM range(10000000000000) WHERE hash(range) = 7";

  interface Step {
    Object go() throws Exception;
  }

  static void step(String name, Step step) {
    String outcome = "PASS";
    String said = "";
    try {
      said = String.valueOf(step.go());
    } catch (SQLFeatureNotSupportedException | UnsupportedOperationException | AbstractMethodError absent) {
      outcome = "SKIP";
      said = absent.toString();
    } catch (Throwable failure) {
      outcome = "not implemented".equals(failure.getMessage()) ? "SKIP" : "FAIL"; // Avatica, for a timestamp with a time zone
      said = failure.toString();
    }
    COUNTS.merge(outcome, 1, Integer::sum);
    System.out.println(outcome + " " + name + " -> " + said.lines().findFirst().orElse(""));
  }

  static <T> T same(T expected, T found) {
    if (!Objects.deepEquals(expected, found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
    return found;
  }

  static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    try (rows) {
      while (rows.next()) {
        values.add(rows.getString(name));
      }
    }
    return values;
  }

  static String refused(Step step) throws Exception {
    try {
      step.go();
    } catch (SQLException error) {
      return error.getMessage();
    }
    throw new AssertionError("nothing was refused");
  }

  public static void main(String[] arguments) throws Exception {
    String user = arguments.length > 1 ? arguments[1] : null;
    String password = arguments.length > 2 ? arguments[2] : null;
    try (Connection connection = DriverManager.getConnection(arguments[0], user, password)) {
      connection(connection);
      facts(connection.getMetaData());
      catalog(connection.getMetaData());
      types(connection);
      parameters(connection);
      statements(connection);
      step("close", () -> { connection.close(); return connection.isClosed(); });
    }
    stopping(DriverManager.getConnection(arguments[0], user, password)); // close would tell what the driver leaks then
    System.out.println(COUNTS.get("PASS") + " passed, " + COUNTS.get("FAIL") + " failed, " + COUNTS.get("SKIP") + " skipped");
    System.exit(0);
  }

  static void connection(Connection connection) {
    step("isValid", () -> same(true, connection.isValid(5)));
    step("getAutoCommit", () -> same(true, connection.getAutoCommit()));
    step("isReadOnly", connection::isReadOnly);
    step("getCatalog", connection::getCatalog);
    step("getSchema", connection::getSchema);
    step("getTransactionIsolation", connection::getTransactionIsolation);
    step("commit", () -> { connection.commit(); return "nothing to do"; });
    step("getWarnings", connection::getWarnings);
    step("nativeSQL", () -> connection.nativeSQL("SELECT 1"));
  }

  /** Everything that DatabaseMetaData answers without being asked for a table. */
  static void facts(DatabaseMetaData metadata) {
    Method[] methods = DatabaseMetaData.class.getMethods();
    Arrays.sort(methods, Comparator.comparing(Method::toString));
    for (Method method : methods) {
      if (method.getParameterCount() == 0 && method.getDeclaringClass() == DatabaseMetaData.class) {
        step(method.getName(), () -> {
          try {
            Object answer = method.invoke(metadata);
            return answer instanceof ResultSet rows ? column(rows, rows.getMetaData().getColumnLabel(1)) : answer;
          } catch (InvocationTargetException error) {
            throw error.getCause() instanceof Exception cause ? cause : new Exception(error.getCause());
          }
        });
      }
    }
    step("product", () -> same("SRCQL", metadata.getDatabaseProductName()));
    step("quote", () -> same("\"", metadata.getIdentifierQuoteString()));
    step("keyword CLUSTER", () -> same(true, metadata.getSQLKeywords().contains("CLUSTER")));
    step("supportsResultSetType", () -> metadata.supportsResultSetType(ResultSet.TYPE_FORWARD_ONLY));
    step("supportsConvert(INTEGER, VARCHAR)", () -> metadata.supportsConvert(Types.INTEGER, Types.VARCHAR));
    step("supportsTransactionIsolationLevel", () -> metadata.supportsTransactionIsolationLevel(Connection.TRANSACTION_NONE));
  }

  /** What a tree of tables in a tool is drawn from. */
  static void catalog(DatabaseMetaData metadata) {
    List<String> tables = List.of("code_implementations", "observations", "tests");
    step("getCatalogs has the tables' one", () -> same(1, column(metadata.getCatalogs(), "TABLE_CAT").size()));
    step("getSchemas has main", () -> same(true, column(metadata.getSchemas(), "TABLE_SCHEM").contains("main")));
    step("getSchemas by pattern", () -> same(List.of("main"), column(metadata.getSchemas(null, "ma%"), "TABLE_SCHEM")));
    step("getTableTypes", () -> same(List.of("TABLE", "VIEW"), column(metadata.getTableTypes(), "TABLE_TYPE")));
    step("getTables of a type", () -> same(tables, column(metadata.getTables(null, null, "%", new String[] {"TABLE"}), "TABLE_NAME")));
    step("getTables: views", () -> same(true, column(metadata.getTables(null, "main", null, new String[] {"VIEW"}), "TABLE_NAME").contains("clusters")));
    step("getTables by pattern", () -> same(List.of("observations"), column(metadata.getTables(null, null, "obs%", null), "TABLE_NAME")));
    step("getTables of nothing", () -> same(List.of(), column(metadata.getTables(null, "nowhere", "%", null), "TABLE_NAME")));
    step("getTables has remarks", () -> column(metadata.getTables(null, null, "tests", null), "REMARKS"));
    for (String table : tables) {
      step("getColumns of " + table, () -> column(metadata.getColumns(null, null, table, null), "COLUMN_NAME"));
      step("getPrimaryKeys of " + table, () -> column(metadata.getPrimaryKeys(null, null, table), "COLUMN_NAME"));
      step("getImportedKeys of " + table, () -> column(metadata.getImportedKeys(null, null, table), "FKCOLUMN_NAME"));
      step("getExportedKeys of " + table, () -> column(metadata.getExportedKeys(null, null, table), "FKCOLUMN_NAME"));
      step("getIndexInfo of " + table, () -> same(List.of(), column(metadata.getIndexInfo(null, null, table, false, true), "INDEX_NAME")));
      step("getBestRowIdentifier of " + table, () -> column(metadata.getBestRowIdentifier(null, null, table, 0, true), "COLUMN_NAME"));
      step("getVersionColumns of " + table, () -> column(metadata.getVersionColumns(null, null, table), "COLUMN_NAME"));
      step("getTablePrivileges of " + table, () -> column(metadata.getTablePrivileges(null, null, table), "PRIVILEGE"));
    }
    step("getColumns in order", () -> same("data_set_id", column(metadata.getColumns(null, null, "observations", null), "COLUMN_NAME").get(0)));
    step("getColumns by pattern", () -> same(List.of("response_kind", "response_key"), column(metadata.getColumns(null, null, "observations", "response%"), "COLUMN_NAME")));
    step("type of text", () -> same(List.of(String.valueOf(Types.VARCHAR)), column(metadata.getColumns(null, null, "observations", "run_id"), "DATA_TYPE")));
    step("type of a count", () -> same(List.of(String.valueOf(Types.INTEGER)), column(metadata.getColumns(null, null, "observations", "step_id"), "DATA_TYPE")));
    step("type of a duration", () -> same(List.of(String.valueOf(Types.DOUBLE)), column(metadata.getColumns(null, null, "observations", "execution_time_ms"), "DATA_TYPE")));
    step("type of a moment", () -> same(List.of(String.valueOf(Types.TIMESTAMP)), column(metadata.getColumns(null, null, "observations", "created_at"), "DATA_TYPE")));
    step("type of a flag", () -> column(metadata.getColumns(null, null, "observations", "specified_oracle"), "DATA_TYPE"));
    step("name of a type", () -> same(List.of("VARCHAR"), column(metadata.getColumns(null, null, "observations", "output"), "TYPE_NAME")));
    step("a column without NULL", () -> same(List.of("NO"), column(metadata.getColumns(null, null, "observations", "run_id"), "IS_NULLABLE")));
    step("a column with NULL", () -> same(List.of("YES"), column(metadata.getColumns(null, null, "observations", "output"), "IS_NULLABLE")));
    step("remarks of a column", () -> same(List.of("execution that the row was observed in"), column(metadata.getColumns(null, null, "observations", "run_id"), "REMARKS")));
    step("the key of observations", () -> same(true, column(metadata.getPrimaryKeys(null, null, "observations"), "COLUMN_NAME").contains("run_id")));
    step("observations point at tests", () -> same(true, column(metadata.getImportedKeys(null, null, "observations"), "PKTABLE_NAME").contains("tests")));
    step("tests are pointed at", () -> same(true, column(metadata.getExportedKeys(null, null, "tests"), "FKTABLE_NAME").contains("observations")));
    step("getCrossReference", () -> same(true, column(metadata.getCrossReference(null, null, "tests", null, null, "observations"), "FKCOLUMN_NAME").contains("test_id")));
    step("getProcedures", () -> same(List.of(), column(metadata.getProcedures(null, null, null), "PROCEDURE_NAME")));
    step("getProcedureColumns", () -> same(List.of(), column(metadata.getProcedureColumns(null, null, null, null), "COLUMN_NAME")));
    step("getFunctions", () -> same(List.of(), column(metadata.getFunctions(null, null, null), "FUNCTION_NAME")));
    step("getFunctionColumns", () -> same(List.of(), column(metadata.getFunctionColumns(null, null, null, null), "COLUMN_NAME")));
    step("getUDTs", () -> same(List.of(), column(metadata.getUDTs(null, null, null, null), "TYPE_NAME")));
    step("getSuperTypes", () -> same(List.of(), column(metadata.getSuperTypes(null, null, null), "TYPE_NAME")));
    step("getSuperTables", () -> same(List.of(), column(metadata.getSuperTables(null, null, null), "TABLE_NAME")));
    step("getAttributes", () -> same(List.of(), column(metadata.getAttributes(null, null, null, null), "ATTR_NAME")));
    step("getColumnPrivileges", () -> same(List.of(), column(metadata.getColumnPrivileges(null, null, "tests", null), "PRIVILEGE")));
    step("getPseudoColumns", () -> same(List.of(), column(metadata.getPseudoColumns(null, null, null, null), "COLUMN_NAME")));
  }

  record Typed(String sql, JDBCType type, Object value) {}

  /** A value of every kind, with the type that JDBC gives it. */
  static void types(Connection connection) {
    List<Typed> all = List.of(
        new Typed("true", JDBCType.BOOLEAN, true),
        new Typed("1::TINYINT", JDBCType.TINYINT, (byte) 1),
        new Typed("-2::SMALLINT", JDBCType.SMALLINT, (short) -2),
        new Typed("3::INTEGER", JDBCType.INTEGER, 3),
        new Typed("4::BIGINT", JDBCType.BIGINT, 4L),
        new Typed("5::UTINYINT", JDBCType.TINYINT, null),
        new Typed("6::USMALLINT", JDBCType.SMALLINT, null),
        new Typed("7::UINTEGER", JDBCType.INTEGER, null),
        new Typed("8::UBIGINT", JDBCType.BIGINT, null),
        new Typed("1.5::FLOAT", JDBCType.FLOAT, null),
        new Typed("2.5::DOUBLE", JDBCType.DOUBLE, 2.5),
        new Typed("'NaN'::DOUBLE", JDBCType.DOUBLE, Double.NaN),
        new Typed("12.34::DECIMAL(5, 2)", JDBCType.DECIMAL, new BigDecimal("12.34")),
        new Typed("170141183460469231731687303715884105727::HUGEINT", null, null),
        new Typed("'größer 試'", JDBCType.VARCHAR, "größer 試"),
        new Typed("'\\x00\\xFF'::BLOB", JDBCType.VARBINARY, new byte[] {0, -1}),
        new Typed("'101'::BIT", null, null),
        new Typed("DATE '2026-02-03'", JDBCType.DATE, Date.valueOf("2026-02-03")),
        new Typed("TIME '04:05:06'", JDBCType.TIME, Time.valueOf("04:05:06")),
        new Typed("TIMETZ '04:05:06+00'", null, null),
        new Typed("TIMESTAMP '2026-02-03 04:05:06.789'", JDBCType.TIMESTAMP, Timestamp.valueOf("2026-02-03 04:05:06.789")),
        new Typed("TIMESTAMP_S '2026-02-03 04:05:06'", JDBCType.TIMESTAMP, Timestamp.valueOf("2026-02-03 04:05:06")),
        new Typed("TIMESTAMP_NS '2026-02-03 04:05:06.789'", JDBCType.TIMESTAMP, Timestamp.valueOf("2026-02-03 04:05:06.789")),
        new Typed("TIMESTAMPTZ '2026-02-03 04:05:06+00'", null, null),
        new Typed("INTERVAL 3 MONTH", null, null),
        new Typed("'2f1b1e0e-6c5e-4b1e-9b1e-2f1b1e0e6c5e'::UUID", null, null),
        new Typed("'b'::ENUM('a', 'b')", JDBCType.VARCHAR, "b"),
        new Typed("'{\"a\": [1, null]}'::JSON", null, null),
        new Typed("[1, NULL, 3]", JDBCType.ARRAY, null),
        new Typed("[[1], []]", JDBCType.ARRAY, null),
        new Typed("array_value(1, 2)", JDBCType.ARRAY, null),
        new Typed("{'a': 1, 'b': 'x'}", null, null),
        new Typed("MAP {'a': 1}", null, null),
        new Typed("union_value(num := 2)", null, null),
        new Typed("NULL", null, null),
        new Typed("NULL::VARCHAR", JDBCType.VARCHAR, null));
    for (Typed typed : all) {
      step("SELECT " + typed.sql(), () -> {
        try (Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery("SELECT " + typed.sql() + " AS value")) {
          same(true, rows.next());
          Object value = rows.getObject(1);
          if (typed.type() != null) {
            same(typed.type(), JDBCType.valueOf(rows.getMetaData().getColumnType(1)));
          }
          if (typed.value() != null) {
            same(typed.value(), value);
          }
          same(typed.sql().startsWith("NULL"), rows.wasNull());
          String text = rows.getString("value");
          same(false, rows.next());
          return text;
        }
      });
    }
  }

  interface Binding {
    void bind(PreparedStatement statement) throws SQLException;
  }

  static void bound(Connection connection, String sql, Binding binding, String expected) {
    step("bind " + sql, () -> {
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        binding.bind(statement);
        try (ResultSet rows = statement.executeQuery()) {
          same(true, rows.next());
          return same(expected, rows.getString(1));
        }
      }
    });
  }

  /** Values of every kind on their way in. */
  static void parameters(Connection connection) {
    String count = "SELECT count(*) FROM observations WHERE ";
    bound(connection, count + "problem_id = ?", s -> s.setString(1, "gcd"), "6");
    bound(connection, count + "step_id = ?", s -> s.setInt(1, 0), "12");
    bound(connection, count + "step_id < ?", s -> s.setInt(1, -1), "0");
    bound(connection, count + "response_key <> ?", s -> s.setLong(1, 7), "12");
    bound(connection, count + "coalesce(execution_time_ms, 1) >= ?", s -> s.setDouble(1, 0.5), "12");
    bound(connection, count + "execution_time_ms > ?", s -> s.setDouble(1, 0.5), "0");
    bound(connection, count + "specified_oracle = ?", s -> s.setBoolean(1, false), "12");
    bound(connection, count + "created_at > ?", s -> s.setTimestamp(1, Timestamp.valueOf("2020-01-01 00:00:00")), "12");
    bound(connection, count + "created_at::DATE > ?", s -> s.setDate(1, Date.valueOf("2020-01-01")), "12");
    bound(connection, count + "problem_id = ? AND step_id = ?", s -> { s.setString(1, "gcd"); s.setInt(2, 0); }, "6");
    bound(connection, count + "problem_id IN (?, ?)", s -> { s.setString(1, "gcd"); s.setString(2, "queue"); }, "12");
    bound(connection, count + "problem_id LIKE ?", s -> s.setString(1, "%c%"), "6");
    bound(connection, count + "problem_id = ?", s -> s.setNull(1, Types.VARCHAR), "0");
    bound(connection, count + "problem_id = ?", s -> s.setObject(1, "gcd"), "6");
    bound(connection, "SELECT ?::INTEGER + 1", s -> s.setInt(1, 41), "42");
    bound(connection, "SELECT ?::VARCHAR", s -> s.setString(1, "größer 試"), "größer 試");
    bound(connection, "SELECT ?::DECIMAL(9, 2)", s -> s.setBigDecimal(1, new BigDecimal("12.30")), "12.30");
    bound(connection, "SELECT ?", s -> s.setString(1, "untyped"), "untyped");
    step("the parameters' types", () -> {
      try (PreparedStatement statement = connection.prepareStatement(count + "problem_id = ? AND step_id = ?")) {
        same(2, statement.getParameterMetaData().getParameterCount());
        same(JDBCType.VARCHAR, JDBCType.valueOf(statement.getParameterMetaData().getParameterType(1)));
        return same(JDBCType.INTEGER, JDBCType.valueOf(statement.getParameterMetaData().getParameterType(2)));
      }
    });
    step("a statement again with other values", () -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM observations WHERE problem_id = ?")) {
        List<String> counts = new ArrayList<>();
        for (String problem : List.of("gcd", "nothing", "queue")) {
          statement.setString(1, problem);
          counts.addAll(column(statement.executeQuery(), "count_star()"));
        }
        return same(List.of("6", "0", "6"), counts);
      }
    });
  }

  static List<String> asked(Connection connection, String text, String name) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return column(statement.executeQuery(text), name);
    }
  }

  /** SRCQL and SQL as a tool sends them, and what is refused. */
  static void statements(Connection connection) {
    String cluster = "CLUSTER FROM D.gcd";
    step("SRCQL", () -> same(2, asked(connection, cluster, "cluster_id").size()));
    step("SRCQL in parentheses", () -> same(2, asked(connection, "SELECT * FROM (" + cluster + ") AS q LIMIT 1000", "cluster_id").size()));
    step("SRCQL prepared", () -> {
      try (PreparedStatement statement = connection.prepareStatement(cluster)) {
        return same(2, column(statement.executeQuery(), "cluster_id").size());
      }
    });
    step("a qualified name", () -> same(List.of("12"), asked(connection, "SELECT count(*) AS n FROM \"lakehouse\".\"main\".\"observations\"", "n")));
    step("a tool's first question", () -> same(0, asked(connection, "SELECT * FROM observations WHERE 1 = 0", "run_id").size()));
    step("labels and places", () -> {
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT problem_id, count(*) AS n FROM observations GROUP BY ALL ORDER BY ALL")) {
        ResultSetMetaData shape = rows.getMetaData();
        same(2, shape.getColumnCount());
        same("n", shape.getColumnLabel(2));
        return same(2, rows.findColumn("n"));
      }
    });
    step("execute", () -> {
      try (Statement statement = connection.createStatement()) {
        same(true, statement.execute("SELECT 1"));
        return same(true, statement.getResultSet().next());
      }
    });
    step("setMaxRows", () -> {
      try (Statement statement = connection.createStatement()) {
        statement.setMaxRows(5);
        return same(5, column(statement.executeQuery("SELECT * FROM range(100)"), "range").size());
      }
    });
    step("300,000 rows", () -> {
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT range AS n FROM range(300000)")) {
        long sum = 0;
        while (rows.next()) {
          sum += rows.getLong(1);
        }
        return same(44_999_850_000L, sum);
      }
    });
    step("two results side by side", () -> {
      try (Statement one = connection.createStatement(); Statement other = connection.createStatement();
          ResultSet left = one.executeQuery("SELECT range AS n FROM range(100000)");
          ResultSet right = other.executeQuery("SELECT range AS n FROM range(100000)")) {
        while (left.next() & right.next()) {
          same(left.getLong(1), right.getLong(1));
        }
        return right.isAfterLast();
      }
    });
    step("an unknown table is refused", () -> refused(() -> asked(connection, "SELECT * FROM nowhere", "n")));
    step("a mistake is refused", () -> refused(() -> asked(connection, "SELEC 1", "n")));
    step("CREATE TABLE is refused", () -> refused(() -> connection.createStatement().execute("CREATE TABLE t (i INTEGER)")));
    step("DELETE is refused", () -> refused(() -> connection.createStatement().executeUpdate("DELETE FROM observations")));
    step("and the connection goes on", () -> same(List.of("1"), asked(connection, "SELECT 1 AS n", "n")));
  }

  /** What is given up on the way, after which the driver misses memory of its own. */
  static void stopping(Connection connection) {
    step("too few values", () -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT ?::INTEGER, ?::INTEGER")) {
        statement.setInt(1, 1);
        return refused(statement::executeQuery);
      }
    });
    step("a result that is left", () -> {
      try (Statement statement = connection.createStatement()) {
        ResultSet rows = statement.executeQuery("SELECT range AS n FROM range(10000000)");
        same(true, rows.next());
        rows.close();
        return same(List.of("1"), asked(connection, "SELECT 1 AS n", "n"));
      }
    });
    step("cancel of what runs", () -> {
      try (Statement statement = connection.createStatement()) {
        AtomicBoolean over = new AtomicBoolean();
        Thread canceller = new Thread(() -> {
          while (!over.get()) { // a cancel that comes before the server was asked is lost
            try {
              statement.cancel();
              Thread.sleep(20);
            } catch (InterruptedException | SQLException error) {
              throw new IllegalStateException(error);
            }
          }
        });
        canceller.start();
        try {
          return refused(() -> statement.executeQuery(ENDLESS).next());
        } finally {
          over.set(true);
          canceller.join();
        }
      }
    });
    step("cancel of what is read", () -> {
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT range AS n FROM range(10000000000)")) {
        same(true, rows.next());
        statement.cancel();
        return refused(() -> { while (rows.next()) { } return "all"; });
      }
    });
    step("setQueryTimeout", () -> {
      try (Statement statement = connection.createStatement()) {
        statement.setQueryTimeout(1);
        return refused(() -> statement.executeQuery(ENDLESS).next());
      }
    });
    step("and goes on after both", () -> same(List.of("1"), asked(connection, "SELECT 1 AS n", "n")));
  }
}
