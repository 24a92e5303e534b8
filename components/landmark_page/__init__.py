"""The Landmark page: outcome by a status that is reached after infusion."""

from components.landmark_page.page import show

__all__ = ["show"]
