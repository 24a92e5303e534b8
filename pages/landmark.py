"""How does a status reached after infusion (CR, MRD negativity, persistence) go with what follows? Compared from a landmark on."""

from components import frame, landmark_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
landmark_page.show(cohort)
