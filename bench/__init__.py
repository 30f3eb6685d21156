"""Benchmarks: they print figures and judge nothing; speed is never a test."""
