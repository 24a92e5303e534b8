"""The MRD page: states over time, how long negativity lasts, and what predicts it."""

from components.mrd_page.page import show

__all__ = ["show"]
