"""Who are these patients? Table 1, overall and by group, with what is not known and how far apart the groups stand."""

from components import baseline_page, frame, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
baseline_page.show(cohort)
