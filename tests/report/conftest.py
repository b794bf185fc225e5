"""Charts that are equal are drawn once a session: a report has twenty drawings, and each costs a fifth of a second."""

from __future__ import annotations

import json

import pytest
import vl_convert

draw = vl_convert.vegalite_to_svg
"""Draws anew; `test_drawing__is_the_same_again` uses it."""


@pytest.fixture(scope="session", autouse=True)
def _drawn_once():
    drawn = {}

    def once(chart, **options):
        key = json.dumps([chart, options], sort_keys=True)
        if key not in drawn:
            drawn[key] = draw(chart, **options)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", once)
        yield drawn
