"""Hooks of the site's build: pages from outside docs/, and links that work both in the repository and on the site."""

import os
import re
from functools import partial
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = {  # page on the site: file in the repository
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "measuring.md": "benchmarks/README.md",
}
PAGES = {file: page for page, file in OUTSIDE.items()}
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<path>[\w./-]+)(?P<anchor>#[\w-]+)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for page, file in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Point each link to a page of the site; keep only the text of a link to a file that has no page."""
    name = page.file.src_uri
    return LINK.sub(partial(_on_site, Path(OUTSIDE.get(name, f"docs/{name}")).parent, files), markdown)


def _on_site(folder: Path, files: Files, link: re.Match[str]) -> str:
    file = os.path.normpath(folder / link["path"])
    if not (ROOT / file).exists():
        return link[0]  # the strict build reports it
    page = PAGES.get(file, file.removeprefix("docs/"))
    if files.get_file_from_path(page) is None:
        return link["text"]
    return f"[{link['text']}]({page}{link['anchor'] or ''})"
