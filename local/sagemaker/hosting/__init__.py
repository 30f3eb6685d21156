"""Endpoints: one process for each variant, and the calls to it."""
