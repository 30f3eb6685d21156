"""The use case, described once: what a customer's record holds, checked and encoded.

``features.json`` is the only list of features. Everything that asks for, checks, encodes or
explains a customer derives from it. Standard library only, so that a Lambda can carry it.
"""

from schema.attribute import Attribute, Problem, SchemaError
from schema.cells import Cells, cells_of
from schema.model import Derived, Schema, load_examples, load_schema
from schema.table import Row, parse_csv, rows_of

__all__ = [
    "Attribute",
    "Cells",
    "Derived",
    "Problem",
    "Row",
    "Schema",
    "SchemaError",
    "cells_of",
    "load_examples",
    "load_schema",
    "parse_csv",
    "rows_of",
]
