"""How hypothesis looks for counterexamples in every test: without a deadline, and the same way twice where it must be."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

# The first call of a kernel compiles it, which takes seconds: time is measured in benchmarks, never in a test.
settings.register_profile("poolpipe", deadline=None)
# `.ci/run` says CI: a commit passes or fails by itself, not by what was drawn.
settings.register_profile("poolpipe-ci", deadline=None, derandomize=True)
# `benchmarks.mutate` asks only whether a test fails, not for the smallest example.
settings.register_profile(
    "poolpipe-unshrunk",
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("poolpipe-ci" if os.environ.get("CI") else "poolpipe")
