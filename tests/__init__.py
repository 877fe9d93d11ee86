"""Tests of the updater: pure parts, pages, faults of arXiv and of the machine, and the workflow."""

from hypothesis import settings

# The same examples every time, however slow the machine: a red test is a change of the code.
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("steady")
