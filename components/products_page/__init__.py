"""The Products page: two products compared, unadjusted and weighted."""

from components.products_page.page import show

__all__ = ["show"]
