"""What the site adds to the documents: files of the package that they link to."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

LINK = re.compile(r"\]\(\.\./(src/[^)#]+)")


def on_files(files: Files, config: Any) -> Files:
    """Adds each file of the package that a document links to; one that is missing is an error."""
    root = Path(config.docs_dir).parent
    linked = {
        name
        for page in files.documentation_pages()
        for name in LINK.findall(Path(page.abs_src_path or "").read_text("utf-8"))
    }
    for name in sorted(linked):
        content = (root / name).read_bytes()
        files.append(File.generated(config, _served(name), content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Returns a document whose links to the package lead to what was added."""
    return LINK.sub(lambda found: f"]({_served(found[1])}", markdown)


def _served(name: str) -> str:
    """Returns what a file is called on the site: as plain text, which is no page of its own."""
    return f"{name.removesuffix('.md')}.txt"
