"""The site builds, its navigation is whole, and the news can be collected."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.made import DOCS, ROOT


def test_site_builds_strictly(tmp_path: Path) -> None:
    """`make docs`: a broken link or a missing page is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-s", "-d", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "index.html").exists()


def test_every_page_is_in_the_navigation() -> None:
    """The records of decisions have a page of their own that lists them."""
    named = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text().partition("nav:\n  -")[2]))
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert {page for page in pages if not page.startswith("adr/")} == named


def test_links_of_the_readme_lead_somewhere() -> None:
    """It is no part of the site, so that mkdocs does not look."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text())
    assert links and all((ROOT / link).exists() for link in links)


def test_news_fragments_can_be_collected() -> None:
    """Every fragment has a kind that the collecting script knows, and says something."""
    from tests.docs.made import load_module

    kinds = load_module(ROOT / "changes" / "collect.py").KINDS
    fragments = sorted((ROOT / "changes").glob("*.*.md"))
    assert fragments
    for fragment in fragments:
        assert fragment.name.split(".")[-2] in kinds, f"{fragment.name}: use one of {', '.join(kinds)}"
        assert fragment.read_text().strip()
