"""The stacks: each composes components; app.py hands objects from one to the next."""
