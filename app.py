"""CARTograph: the frame of the app. Page set-up and navigation."""

import streamlit as st

from components import frame

frame.set_up()
frame.run(
    {
        "": [
            st.Page("pages/explore.py", title="Explore", icon=":material/show_chart:", default=True),
            st.Page("pages/cutoff.py", title="Cutoff", icon=":material/straighten:"),
            st.Page("pages/paper.py", title="The paper", icon=":material/article:"),
            st.Page("pages/data.py", title="Data", icon=":material/upload_file:"),
            st.Page("pages/methods.py", title="Methods", icon=":material/menu_book:"),
        ],
        "Patients": [
            st.Page("pages/baseline.py", title="Baseline", icon=":material/table_view:"),
            st.Page("pages/response.py", title="Response", icon=":material/bar_chart:"),
            st.Page("pages/toxicity.py", title="Toxicity", icon=":material/coronavirus:"),
            st.Page("pages/correlations.py", title="Correlations", icon=":material/grid_on:"),
        ],
        "Models": [
            st.Page("pages/regression.py", title="Regression", icon=":material/function:"),
            st.Page("pages/subgroups.py", title="Subgroups", icon=":material/account_tree:"),
            st.Page("pages/products.py", title="Products compared", icon=":material/balance:"),
        ],
        "Over time": [
            st.Page("pages/landmark.py", title="Landmark", icon=":material/flag:"),
            st.Page("pages/mrd.py", title="MRD", icon=":material/biotech:"),
            st.Page("pages/kinetics.py", title="Kinetics", icon=":material/timeline:"),
            st.Page("pages/competing.py", title="Competing risks", icon=":material/call_split:"),
        ],
    }
)
