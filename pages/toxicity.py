"""Toxicity by product and marker group: grades of CRS and ICANS, onset, what was given, and the marker by grade."""

from components import frame, state, toxicity_page
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
toxicity_page.show(cohort)
