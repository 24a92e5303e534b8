"""The Response page."""

from components.response_page.page import show

__all__ = ["show"]
