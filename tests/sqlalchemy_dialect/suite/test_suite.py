"""Those of SQLAlchemy's tests of a dialect that ask; the others make tables and look at them."""

from sqlalchemy.testing.suite.test_cte import *
from sqlalchemy.testing.suite.test_dialect import *
from sqlalchemy.testing.suite.test_results import *
from sqlalchemy.testing.suite.test_select import *
from sqlalchemy.testing.suite.test_types import *
