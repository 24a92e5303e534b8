"""Response by product and marker group: who responds, how deeply, how fast, and who deepens or loses it."""

from components import frame, response_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
response_page.show(cohort)
