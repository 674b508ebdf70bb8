"""The site: `make docs` builds it under build/docs, with warnings as errors. Neither the build nor a page fetches
anything from elsewhere.
"""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages
import pages.project
from sphinx.application import Sphinx

pages.write()

project = "nasbench"
author = copyright = "the nasbench developers"
release = installed("nasbench")

extensions = ["myst_nb"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are stored with what they print; a slow test runs them
nb_merge_streams = True
highlight_language = "text"
smartquotes = False  # they would make one dash of the two before a flag
exclude_patterns = ["img", "pages"]
suppress_warnings = ["myst.strikethrough"]


def setup(app: Sphinx) -> None:
    """Links of the pages to the top of the repository, as the site has them."""

    def read(_: Sphinx, page: str, source: list[str]) -> None:
        source[0] = pages.project.inside(page, source[0])

    app.connect("source-read", read)


html_theme = "furo"
html_title = f"nasbench {release}"
html_static_path = ["style"]
html_css_files = ["site.css"]
html_show_sourcelink = html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
