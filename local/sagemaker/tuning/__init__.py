"""Hyperparameter tuning jobs: many training jobs, each with what the search proposes, and the best of them."""
