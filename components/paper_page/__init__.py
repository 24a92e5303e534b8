"""The page that lays out the Mayo study on the active cohort."""

from components.paper_page.page import show

__all__ = ["show"]
