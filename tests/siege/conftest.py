"""Lets the assertions of the scenes tell what they saw."""

import pytest

pytest.register_assert_rewrite("siege.scenes")
