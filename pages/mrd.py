"""How long does MRD negativity last, and for whom? States over time, duration with its causes, the endpoints by CR from a landmark."""

from components import frame, mrd_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
mrd_page.show(cohort)
