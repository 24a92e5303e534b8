"""The floor: a fragment that holds a slider and says its value. No page of Streamlit can answer faster."""

import streamlit as st

st.set_page_config(layout="wide")


@st.fragment
def floor() -> None:
    value = st.slider("Cutoff", 0, 500, 250)
    st.write(f"The cutoff is {value}")


floor()
