"""What was the event? Cumulative incidence when progression and death compete, by group, with 1 - Kaplan-Meier shown only to warn."""

from components import competing_page, frame, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
competing_page.show(cohort)
