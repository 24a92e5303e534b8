"""The Regression page: which variables go with the outcome, alone and together."""

from components.regression_page.page import show

__all__ = ["show"]
