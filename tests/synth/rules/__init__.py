"""Rules over all resources of an environment, whoever adds them.

A rule gives what is wrong, one line a problem; right is silence. So a test can also show that it would speak.
"""

from collections.abc import Callable, Iterator

from tests.synth.conftest import Environment

Rule = Callable[[Environment], Iterator[str]]
