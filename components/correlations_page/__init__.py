"""The Correlations page."""

from components.correlations_page.page import show

__all__ = ["show"]
