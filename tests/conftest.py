"""How hypothesis looks for counterexamples in every test: without a deadline, and the same way twice where it must be."""

from __future__ import annotations

import os

from hypothesis import settings

# The first call of a kernel compiles it, which takes seconds: time is measured in benchmarks, never in a test.
settings.register_profile("poolpipe", deadline=None)
# `.ci/run` says CI: a commit passes or fails by itself, not by what was drawn.
settings.register_profile("poolpipe-ci", deadline=None, derandomize=True)
settings.load_profile("poolpipe-ci" if os.environ.get("CI") else "poolpipe")
