"""Correlations: which measurements go together, and how one changes between two time points."""

from components import correlations_page, frame, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
correlations_page.show(cohort)
