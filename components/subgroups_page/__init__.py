"""The Subgroups page: the same comparison in each level of other variables."""

from components.subgroups_page.page import show

__all__ = ["show"]
