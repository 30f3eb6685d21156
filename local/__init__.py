"""The laptop run: the unchanged app on an AWS emulator, with a SageMaker service of our own."""
