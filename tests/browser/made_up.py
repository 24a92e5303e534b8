"""Made-up files for the browser tests; no patient."""

from __future__ import annotations

import csv
import io

import numpy as np
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.watched import settled

HEADER = (
    "Patient ID", "Product", "Sex", "Center", "Ferritin day 0 (ng/mL)", "CRP day 0 (mg/L)", "Best response",
    "PFS (months)", "PFS event", "OS (months)", "OS event",
)  # fmt: skip


def made_up_file(n: int = 48, *, first_id: str = "P", centers: tuple[str, str] = ("North", "South"), seed: int = 3) -> bytes:
    """A clean CSV of two products where high ferritin goes with early progression; two patients lack ferritin."""
    rng = np.random.default_rng(seed)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for i in range(n):
        ferritin = int(np.exp(rng.normal(5.6, 1.0)))
        months = np.round(1 + rng.exponential(7 if ferritin > 337 else 22), 1)
        end = np.round(rng.uniform(8, 30), 1)
        death = np.round(months + rng.exponential(14), 1)
        response = ("CR", "VGPR", "PR", "SD")[min(3, int(rng.exponential(1 + (ferritin > 337))))]
        table.writerow(
            [f"{first_id}{i:03d}", ("ide-cel", "cilta-cel")[i % 2], "female" if i % 3 else "male", centers[i % 2],
             "" if i in (5, 11) else ferritin, np.round(rng.exponential(9), 1) + 0.1, response, min(months, end), int(months <= end),
             min(death, end), int(death <= end)]
        )  # fmt: skip
    return out.getvalue().encode()


def bring_in(page: Page, name: str, content: bytes) -> None:
    """From the Data page to the open cohort: choose the file, build."""
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
        FilePayload(name=name, mimeType="text/csv", buffer=content)
    )
    expect(page.locator(".st-key-endpoints")).to_be_visible(timeout=20_000)
    settled(page)
    page.get_by_role("button", name="Build cohort").click()
    expect(page.get_by_text("The cohort is built and open.")).to_be_visible(timeout=20_000)
    settled(page)
