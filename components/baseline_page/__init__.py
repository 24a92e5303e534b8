"""The Baseline page: Table 1 of the cohort."""

from components.baseline_page.page import show

__all__ = ["show"]
