"""What the study printed, each number as it stands there, with its place and with a sentence where it contradicts itself.

The study: ferritin and CRP in 52 patients with ide-cel or cilta-cel, Mayo Clinic Arizona, 2025. Its hazard ratios are low against high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["pfs", "os"]
PRODUCTS: Final = ("ide-cel", "cilta-cel")
PATIENTS: Final[Mapping[str, int]] = {"All": 52, "ide-cel": 17, "cilta-cel": 35}  # Table 1
FIGURE_ONLY: Final = "in the figure only"


@dataclass(frozen=True, slots=True)
class PrintedRatio:
    """A hazard ratio, low against high, with the digits that were printed. ``p`` may read "<0.0001". ``place``: "Table 2, row 1"."""

    hr: str
    ci_low: str
    ci_high: str
    p: str
    place: str

    @property
    def words(self) -> str:
        """'0.13 (0.03–0.4), p 0.0011'."""
        return f"{self.hr} ({self.ci_low}\u2013{self.ci_high}), p {self.p.replace('<', '< ')}"

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Ratio, lower and upper 95 % limit."""
        return float(self.hr), float(self.ci_low), float(self.ci_high)


@dataclass(frozen=True, slots=True)
class Printed:
    """Any other number as it was printed, and where."""

    words: str
    place: str


@dataclass(frozen=True, slots=True)
class PaperMarker:
    """A column of ours with the study's cutoff. ``unit``: the unit that the cutoff is in."""

    column: str
    cutoff: float
    unit: str
    name: str  # when the cohort lacks the column


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of Table 2: a split of the patients, drawn for PFS and for OS. ``figures``: where the study shows it, by endpoint."""

    key: str
    label: str
    time: str  # "Day 0", as the row of Table 2 says
    markers: tuple[PaperMarker, ...]
    row: int
    figures: Mapping[Kind, str]


_FERRITIN_0: Final = PaperMarker("ferritin_d0", 337, "µg/L", "Ferritin, day 0")
_FERRITIN_5: Final = PaperMarker("ferritin_pre", 337, "µg/L", "Ferritin, pre-LD")
_CRP_0: Final = PaperMarker("crp_d0", 8, "mg/L", "CRP, day 0")
_CRP_5: Final = PaperMarker("crp_pre", 8, "mg/L", "CRP, pre-LD")
_MARROW: Final = PaperMarker("marrow_plasma_cells", 10, "%", "Marrow plasma cells")

PIECES: Final = (
    Piece("ferritin-0", "Low ferritin", "Day 0", (_FERRITIN_0,), 1, {"pfs": "Figure 2 A, B", "os": "Figure 4 A, B"}),
    Piece("ferritin-5", "Low ferritin", "Day \u22125", (_FERRITIN_5,), 2, {"pfs": "Figure 2 C, D", "os": "Figure 4 C, D"}),
    Piece("crp-0", "Low CRP", "Day 0", (_CRP_0,), 3, {"pfs": "Supplementary Figure S1", "os": "Supplementary Figure S4"}),
    Piece("crp-5", "Low CRP", "Day \u22125", (_CRP_5,), 4, {"pfs": "Supplementary Figure S1", "os": "Supplementary Figure S4"}),
    Piece("both-0", "Low ferritin and low CRP", "Day 0", (_FERRITIN_0, _CRP_0), 5, {"pfs": "Figure 3", "os": "Figure 3, S5"}),
    Piece("both-5", "Low ferritin and low CRP", "Day \u22125", (_FERRITIN_5, _CRP_5), 6, {"pfs": "Figure 3", "os": "Figure 3, S5"}),
    Piece("marrow", "Low marrow plasma cells", "Before apheresis", (_MARROW,), 7, {"pfs": "Supplementary Figure S2", "os": "Results, OS"}),
)

# Table 2, and the same comparison in the Results where it is printed there again: (row's key, endpoint, patients) -> table first.
_PFS, _OS = "Results, PFS", "Results, OS"
RATIOS: Final[Mapping[tuple[str, Kind, str], tuple[PrintedRatio, ...]]] = {
    ("ferritin-0", "pfs", "All"): (
        PrintedRatio("0.13", "0.03", "0.4", "0.0011", "Table 2, row 1"),
        PrintedRatio("0.01", "0.05", "0.5", "0.001", _PFS),
    ),
    ("ferritin-0", "os", "All"): (
        PrintedRatio("0.12", "0.03", "0.4", "0.027", "Table 2, row 1"),
        PrintedRatio("0.12", "0.03", "0.4", "0.0061", _OS),
    ),
    ("ferritin-5", "pfs", "All"): (
        PrintedRatio("0.03", "0.009", "0.12", "<0.0001", "Table 2, row 2"),
        PrintedRatio("0.05", "0.01", "0.2", "=<0.0069", _PFS),
    ),
    ("ferritin-5", "os", "All"): (
        PrintedRatio("0.07", "0.01", "0.3", "<0.0001", "Table 2, row 2"),
        PrintedRatio("0.04", "0.009", "0.18", "<0.0001", _OS),
    ),
    ("crp-0", "pfs", "All"): (
        PrintedRatio("0.45", "0.1", "1.0", "0.2", "Table 2, row 3"),
        PrintedRatio("0.4", "0.1", "1.9", "0.16", _PFS),
    ),
    ("crp-0", "os", "All"): (
        PrintedRatio("0.6", "0.18", "1.2", "0.4", "Table 2, row 3"),
        PrintedRatio("0.6", "0.18", "2.2", "0.26", _OS),
    ),
    ("crp-5", "pfs", "All"): (
        PrintedRatio("0.9", "0.2", "3.5", "0.9", "Table 2, row 4"),
        PrintedRatio("0.9", "0.2", "3.5", "0.9", _PFS),
    ),
    ("crp-5", "os", "All"): (
        PrintedRatio("0.49", "0.1", "2", "0.8", "Table 2, row 4"),
        PrintedRatio("0.4", "0.09", "1.7", "0.18", _OS),
    ),
    ("both-0", "pfs", "All"): (
        PrintedRatio("0.2", "0.05", "0.9", "0.04", "Table 2, row 5"),
        PrintedRatio("0.3", "0.07", "1.3", "0.04", _PFS),
    ),
    ("both-0", "os", "All"): (
        PrintedRatio("0.4", "0.1", "2.4", "0.3", "Table 2, row 5"),
        PrintedRatio("0.4", "0.1", "2.4", "0.68", _OS),
    ),
    ("both-5", "pfs", "All"): (
        PrintedRatio("0.09", "0.01", "0.7", "0.02", "Table 2, row 6"),
        PrintedRatio("0.26", "0.03", "2.1", "0.04", _PFS),
    ),
    ("both-5", "os", "All"): (
        PrintedRatio("0.05", "0.006", "0.5", "0.013", "Table 2, row 6"),
        PrintedRatio("0.05", "0.06", "0.5", "0.01", _OS),
    ),
    ("marrow", "pfs", "All"): (
        PrintedRatio("1.1", "0.3", "3.9", "0.86", "Table 2, row 7"),
        PrintedRatio("0.3", "0.1", "1.3", "0.11", _PFS),
    ),
    ("marrow", "pfs", "ide-cel"): (PrintedRatio("1.1", "0.3", "3.9", "0.86", _PFS),),
    ("marrow", "pfs", "cilta-cel"): (PrintedRatio("0.11", "0.01", "0.9", "0.04", _PFS),),
    ("marrow", "os", "All"): (
        PrintedRatio("0.3", "0.02", "3.1", "0.3", "Table 2, row 7"),
        PrintedRatio("0.4", "0.08", "2.5", "0.28", _OS),
    ),
}

# One sentence for each cell of Table 2 whose numbers contradict themselves or the text of the study.
CONTRADICTIONS: Final[Mapping[tuple[str, Kind], str]] = {
    ("ferritin-0", "pfs"): (
        "The Results print 0.01 with limits 0.05 to 0.5, a ratio below its own lower limit; Table 2 prints 0.13 for the same comparison."
    ),
    ("ferritin-0", "os"): ("One ratio has two p values, 0.027 in Table 2 and 0.0061 in the Results; its limits belong to a p below 0.005."),
    ("ferritin-5", "pfs"): (
        "Table 2 and the Results print two ratios for one comparison, 0.03 and 0.05, and \u201cp=<0.0069\u201d can be read in two ways."
    ),
    ("ferritin-5", "os"): "Table 2 and the Results print two ratios for one comparison, 0.07 and 0.04.",
    ("crp-0", "pfs"): (
        "0.45 does not lie midway between 0.1 and 1.0 on the log scale, as a hazard ratio does; the Results print an upper limit of 1.9."
    ),
    ("crp-0", "os"): (
        "0.6 does not lie midway between 0.18 and 1.2 on the log scale, as a hazard ratio does; the Results print an upper limit of 2.2, "
        "and another p."
    ),
    ("crp-5", "os"): "A p of 0.8 does not go with limits 0.1 to 2, which belong to about 0.35; the Results print 0.4 with p 0.18.",
    ("both-0", "pfs"): "The limits in the Results, 0.07 to 1.3, include 1 although p is 0.04; Table 2 prints 0.2 (0.05\u20130.9).",
    ("both-0", "os"): "One ratio has two p values, 0.3 in Table 2 and 0.68 in the Results; only 0.3 goes with its limits.",
    ("both-5", "pfs"): "The limits in the Results, 0.03 to 2.1, include 1 although p is 0.04; Table 2 prints 0.09 (0.01\u20130.7).",
    ("both-5", "os"): "The Results print 0.05 with a lower limit of 0.06, above the ratio; Table 2 prints 0.006, so a zero was lost.",
    ("marrow", "pfs"): (
        "Table 2 prints what the Results print for ide-cel alone, 1.1 (0.3\u20133.9); for all patients they print 0.3 (0.1\u20131.3)."
    ),
    ("marrow", "os"): "Table 2 and the Results print two ratios for one comparison, 0.3 (0.02\u20133.1) and 0.4 (0.08\u20132.5).",
}

# Medians in months that the Results print, by marker group (role of ours: both low, both high with two markers).
_NR: Final = "NR"
MEDIANS: Final[Mapping[tuple[str, Kind], tuple[Printed, Printed]]] = {  # low, high
    ("ferritin-0", "pfs"): (Printed(_NR, _PFS), Printed("13.5", _PFS)),
    ("ferritin-5", "pfs"): (Printed(_NR, _PFS), Printed("12.2", _PFS)),
    ("ferritin-0", "os"): (Printed(_NR, _OS), Printed("not printed", _OS)),
    ("ferritin-5", "os"): (Printed(_NR, _OS), Printed("8.3", _OS)),
    ("crp-0", "pfs"): (Printed(_NR, _PFS), Printed(_NR, _PFS)),
    ("crp-5", "pfs"): (Printed(_NR, _PFS), Printed(_NR, _PFS)),
    ("crp-0", "os"): (Printed(_NR, _OS), Printed(_NR, _OS)),
    ("crp-5", "os"): (Printed(_NR, _OS), Printed(_NR, _OS)),
    ("both-0", "pfs"): (Printed(_NR, _PFS), Printed("19.76", _PFS)),
    ("both-5", "pfs"): (Printed(_NR, _PFS), Printed("12.2", _PFS)),
    ("both-0", "os"): (Printed(_NR, _OS), Printed(_NR, _OS)),
    ("both-5", "os"): (Printed(_NR, _OS), Printed("11.6", _OS)),
    ("marrow", "pfs"): (Printed(_NR, _PFS), Printed("19.67", _PFS)),
    ("marrow", "os"): (Printed(_NR, _OS), Printed(_NR, _OS)),
}
MEDIAN_CONTRADICTIONS: Final[Mapping[tuple[str, Kind], str]] = {
    ("ferritin-0", "pfs"): "13.5 months is printed for two groups, the patients with high ferritin and all with ide-cel.",
    ("ferritin-5", "pfs"): "12.2 months is printed for two groups, high ferritin and both high at day \u22125.",
    ("both-0", "pfs"): "19.76 months here and 19.67 months for the marrow are perhaps one number with two digits exchanged.",
    ("both-5", "pfs"): "12.2 months is printed for two groups, both high and high ferritin at day \u22125.",
    ("marrow", "pfs"): "19.67 months here and 19.76 months for ferritin with CRP are perhaps one number with two digits exchanged.",
}

# (endpoint, product) -> median; (product) -> overall survival at 24 months.
PRODUCT_MEDIANS: Final[Mapping[tuple[Kind, str], Printed]] = {
    ("pfs", "ide-cel"): Printed("13.5", "Results, Figure 1C"),
    ("pfs", "cilta-cel"): Printed(_NR, "Results, Figure 1C"),
    ("os", "ide-cel"): Printed(_NR, "Results, Figure S3"),
    ("os", "cilta-cel"): Printed(_NR, "Results, Figure S3"),
}
OS_AT_24: Final[Mapping[str, Printed]] = {
    "ide-cel": Printed("67\u2009%", "Results, Figure S3"),
    "cilta-cel": Printed("74\u2009%", "Results, Figure S3"),
}
FOLLOW_UP: Final[Mapping[str, Printed]] = {
    "ide-cel": Printed("11.94", "Results, patients"),
    "cilta-cel": Printed("14.72", "Results, patients"),
}

# (visit, outcome, product). The rates at 1 and 3 months stand in the picture of Figure 1B and nowhere in the text.
RATES: Final[Mapping[tuple[str, str, str], Printed]] = {
    ("Month 6", "ORR", "ide-cel"): Printed("46\u2009%", "Results, Figure 1B"),
    ("Month 6", "ORR", "cilta-cel"): Printed("97\u2009%", "Results, Figure 1B"),
    ("Month 6", "CR", "ide-cel"): Printed("7/17 (41\u2009%)", "Results, efficacy"),
    ("Month 6", "CR", "cilta-cel"): Printed("28/35 (80\u2009%)", "Results, efficacy"),
}
RATE_CONTRADICTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("ORR", "ide-cel"): "No number of the 17 patients makes 46\u2009%; 6 of 13 would, so 4 were left out and it is not said who.",
    ("CR", "ide-cel"): "\u201cAmong those responses\u201d is followed by shares of all patients, not of the responders.",
    ("CR", "cilta-cel"): "\u201cAmong those responses\u201d is followed by shares of all patients, not of the responders.",
}

READING: Final = (
    "The study writes low as below the cutoff (\u201c<337\u201d) in the text and as up to it (\u201c\u2264 337\u201d) in Table 1. Here low "
    "is up to the cutoff, high is above it.",
    "Day \u22125 is the value before lymphodepletion here, as the study's figures label it; its Methods say within seven days before "
    "leukapheresis, which was a median of 54 days before infusion.",
    "The study used GraphPad Prism and does not say how its ratios were computed. So two are shown: Cox (Efron), as R, and "
    "Mantel-Haenszel, as Prism.",
)
BOTH_READING: Final = (
    "As in the text of the study both low is set against both high. Patients with one low and one high are drawn, not in the ratio."
)
MARROW_READING: Final = (
    "The study measured the marrow before leukapheresis. Its Table 1 has 26 of 35 patients at or below 10\u2009%, yet a median of "
    "15\u2009%: the two labels were probably exchanged."
)
