"""The Cutoff page: what the cutoff on screen is worth."""

from components.cutoff_page.page import show

__all__ = ["show"]
