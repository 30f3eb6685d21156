"""A SageMaker control plane and runtime whose jobs and endpoints are processes on this machine.

Nothing here imports the emulator: what the service needs from its host (accounts, clients, threads,
authorisation) comes through :mod:`local.sagemaker.platform`, so it can be tested on its own.
"""
