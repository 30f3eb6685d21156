"""The emulator process: MiniStack, our SageMaker service inside it, and the distribution's front door."""
