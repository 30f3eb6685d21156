"""What runs inside SageMaker's XGBoost container, and unchanged on a laptop: prepare, train, evaluate, inference."""

import os

# Threads that wait by spinning make training ten times slower on a machine that is busy with other work. It is read
# when XGBoost loads, which every module here does later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
