"""The driver of the laptop run: starts the emulator, deploys the app to it, shows what happens, stops it all."""
