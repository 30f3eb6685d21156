"""What a caller may be let in for. Standard library only: the function that grants scopes reads it at each start."""

from __future__ import annotations

RESOURCE_SERVER = "churn"
PREDICT = f"{RESOURCE_SERVER}/predict"
BATCHES = f"{RESOURCE_SERVER}/batches"
REPORT = f"{RESOURCE_SERVER}/report"
SCOPES: dict[str, str] = {
    PREDICT: "Ask for predictions, and what the model and its fields are",
    BATCHES: "Have files of customers scored",
    REPORT: "Read how good the model is",
}

AGENT, ANALYST = "agent", "analyst"
# What belonging to a group gives. Who is in none may sign in, and is let in for nothing.
GROUPS: dict[str, tuple[str, ...]] = {
    AGENT: (PREDICT, BATCHES),
    ANALYST: (PREDICT, BATCHES, REPORT),
}
