"""What holds for every test: generated examples are the same each time and have no clock."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "project", derandomize=True, deadline=None, database=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")
