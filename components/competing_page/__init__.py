"""The Competing risks page: what the event was, and which came first."""

from components.competing_page.page import show

__all__ = ["show"]
