"""Which cohort is open, and how does another one come in? Samples, upload, what the columns mean, the data report."""

import streamlit as st

from components import frame, state, waiting
from components.build_panel import build_panel, explore_button
from components.data_report import data_report
from components.sample_gallery import downloads, open_cohort_line, sample_cards
from components.upload import upload_area

cohort = state.active_cohort()
frame.page_head(cohort)
open_cohort_line(cohort)
with st.expander("Sample cohorts, template, data dictionary", expanded=waiting.current() is None, icon=":material/science:"):
    sample_cards()
    downloads()
upload_area()
build_panel()
explore_button(cohort.fingerprint)
with st.expander("Data report of the open cohort", expanded=waiting.current() is None, icon=":material/fact_check:"):
    data_report(cohort)
