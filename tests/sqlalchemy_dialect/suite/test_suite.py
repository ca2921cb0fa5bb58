"""The tests of SQLAlchemy's suite that query; the others create tables and reflect them."""

from sqlalchemy.testing.suite.test_cte import *
from sqlalchemy.testing.suite.test_dialect import *
from sqlalchemy.testing.suite.test_results import *
from sqlalchemy.testing.suite.test_select import *
from sqlalchemy.testing.suite.test_types import *
