"""The Toxicity page."""

from components.toxicity_page.page import show

__all__ = ["show"]
