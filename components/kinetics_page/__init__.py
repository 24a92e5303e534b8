"""The Kinetics page."""

from components.kinetics_page.page import show

__all__ = ["show"]
