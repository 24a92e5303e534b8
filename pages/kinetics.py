"""Kinetics: how CAR-T cells expand and persist, and how ferritin, CRP, IL-6 and counts run over days, by group."""

from components import frame, kinetics_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
kinetics_page.show(cohort)
