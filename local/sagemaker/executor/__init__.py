"""Runs a pipeline from its deployed definition, the JSON of schema version 2020-12-01."""
