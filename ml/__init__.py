"""What runs inside SageMaker's XGBoost container, and unchanged on a laptop: prepare, train, evaluate, inference."""
