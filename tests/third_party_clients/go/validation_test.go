// Package thirdparty runs ADBC's validation suite against the srcql server at SRCQL_URI.
//
// Tests that need CREATE TABLE, which the store does not have, are skipped with that reason.
package thirdparty

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-adbc/go/adbc/validation"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/suite"
)

const noTables = "the store has its tables and no CREATE TABLE"

type quirks struct{ alloc *memory.CheckedAllocator }

func (q *quirks) SetupDriver(*testing.T) adbc.Driver {
	q.alloc = memory.NewCheckedAllocator(memory.DefaultAllocator)
	return flightsql.NewDriver(q.alloc)
}

func (q *quirks) TearDownDriver(t *testing.T, _ adbc.Driver) { q.alloc.AssertSize(t, 0) }

func (q *quirks) DatabaseOptions() map[string]string {
	return map[string]string{adbc.OptionKeyURI: os.Getenv("SRCQL_URI")}
}

func (q *quirks) Alloc() memory.Allocator  { return q.alloc }
func (q *quirks) BindParameter(int) string { return "?" }
func (q *quirks) Catalog() string          { return "lakehouse" }
func (q *quirks) DBSchema() string         { return "main" }

func (q *quirks) SupportsBulkIngest(string) bool              { return false } // the suite ingests into tables that it creates
func (q *quirks) SupportsErrorIngestIncompatibleSchema() bool { return false }
func (q *quirks) SupportsStatistics() bool                    { return false } // the driver has none
func (q *quirks) SupportsConcurrentStatements() bool          { return true }
func (q *quirks) SupportsCurrentCatalogSchema() bool          { return true }
func (q *quirks) SupportsGetSetOptions() bool                 { return true }
func (q *quirks) SupportsExecuteSchema() bool                 { return true }
func (q *quirks) SupportsPartitionedData() bool               { return true }
func (q *quirks) SupportsTransactions() bool                  { return true }
func (q *quirks) SupportsGetParameterSchema() bool            { return true }
func (q *quirks) SupportsDynamicParameterBinding() bool       { return true }

func (q *quirks) CreateSampleTable(string, arrow.RecordBatch) error { panic(noTables) }
func (q *quirks) DropTable(adbc.Connection, string) error           { panic(noTables) }
func (q *quirks) SampleTableSchemaMetadata(string, arrow.DataType) arrow.Metadata {
	panic(noTables)
}

func (q *quirks) GetMetadata(code adbc.InfoCode) any {
	return map[adbc.InfoCode]any{
		adbc.InfoDriverName:         "ADBC Flight SQL Driver - Go",
		adbc.InfoDriverVersion:      moduleVersion("github.com/apache/arrow-adbc/go/adbc"),
		adbc.InfoDriverArrowVersion: moduleVersion("github.com/apache/arrow-go/v18"),
		adbc.InfoDriverADBCVersion:  adbc.AdbcVersion1_1_0,
		adbc.InfoVendorName:         "SRCQL",
		adbc.InfoVendorVersion:      os.Getenv("SRCQL_VERSION"),
		adbc.InfoVendorArrowVersion: os.Getenv("ARROW_VERSION"),
	}[code]
}

// moduleVersion is what the driver reads of its own build; a test binary does not always know it.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == path {
				return dependency.Version
			}
		}
	}
	return "(unknown or development build)"
}

type connectionTests struct{ validation.ConnectionTests }

func (c *connectionTests) TestMetadataGetTableSchema()    { c.T().Skip(noTables) }
func (c *connectionTests) TestMetadataGetObjectsColumns() { c.T().Skip(noTables) }

func TestDatabase(t *testing.T) { suite.Run(t, &validation.DatabaseTests{Quirks: &quirks{}}) }

func TestConnection(t *testing.T) {
	suite.Run(t, &connectionTests{validation.ConnectionTests{Quirks: &quirks{}}})
}

func TestStatement(t *testing.T) { suite.Run(t, &validation.StatementTests{Quirks: &quirks{}}) }
