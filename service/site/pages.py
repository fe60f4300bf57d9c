"""The pages of a site, and the files that they load: the service's, made to find what they ask for in the folder.

A page stands at the root, `trainer.html`, so that its paths are those it has in the service. Its address there,
`trainer`, leads to it as well: a host answers with the folder `trainer/`, which has a page that goes on to it. Parts of
the address after `?` and `#` are kept, so every link of the service has its like.
"""

import re
from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from service.edges.own import pages
from service.site.recording import Recording

ASSETS = Path(__file__).parent / "assets"

LEFT_OUT = ("docs", "studies")
"""Addresses of pages that are not in a site."""

ADDRESS = re.compile(r'\b(?P<attribute>href|src)="(?P<path>[^"?#]*)(?P<rest>[^"]*)"')
FRAMING = re.compile(r"\s*frame-ancestors [^;]*;?")
"""What browsers take from a header alone, and complain of in a page."""


def names() -> list[str]:
    """Return the addresses of the service's pages, the explorer's, "", first; a page that needs a name has none."""
    rules = {rule.strip("/") for endpoint in pages.endpoints for rule in endpoint.rules if "<" not in rule}
    return sorted(rules - {*LEFT_OUT})


def files(recording: Recording, saved: date, words: str, left_out: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the files of all pages by name: `words` say what they show. Other pages are `left_out`, and said to be."""
    known = names()
    found = {f"site/{path.name}": path.read_bytes() for path in ASSETS.iterdir()}
    for folder in {*pages.folders()} - {*LEFT_OUT}:
        own = pages.files(folder).items()
        found |= {f"{folder}/{name}": file.content for name, file in own if not name.endswith(".html")}
    texts: dict[str, str] = {}
    for name in known:
        text, policy = recording.page(name)
        texts[_file(name)] = _page(text, policy, known, saved, words)
        texts[f"{name}/index.html"] = _forward(name, policy)
    for name in (*LEFT_OUT, *left_out):
        texts[f"{name}/index.html"] = _missing(policy, "../" * (1 + name.count("/")))
    del texts["/index.html"]  # the explorer's other address
    return {**found, **{name: text.encode() for name, text in texts.items()}}


def _file(name: str) -> str:
    return f"{name or 'index'}.html"


def _page(text: str, policy: str, known: list[str], saved: date, words: str) -> str:
    """Return a page with links to the files of the others, where it finds the answers, and what it says of itself."""

    def relinked(match: re.Match[str]) -> str:
        path = match["path"]
        return f'{match["attribute"]}="{_file(path) if path and path in known else path}{match["rest"]}"'

    head = (
        '<meta name="site" content="./">\n  <link rel="stylesheet" href="site/site.css">\n'
        '  <link rel="modulepreload" href="explorer/site.js">\n</head>'
    )
    day = f"{saved.day} {saved:%B %Y}"
    foot = (
        f'<footer id="saved"><p>These pages were saved on <time datetime="{saved.isoformat()}">{day}</time>, with '
        f"{escape(words)}. They need no service, and lack what only a service computes.</p></footer>"
    )
    text = ADDRESS.sub(relinked, text)
    text = text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n  {_policy(policy)}', 1)
    text = text.replace("</head>", f"  {head}", 1)
    return text.replace("</body>", f"  {foot}\n</body>", 1)


def _policy(policy: str) -> str:
    content = FRAMING.sub("", policy).strip().rstrip(";")
    return f'<meta http-equiv="Content-Security-Policy" content="{escape(content, quote=False)}">'


def _forward(name: str, policy: str) -> str:
    return _short(
        policy,
        f'<meta name="forward" content="../{_file(name)}">\n  <script src="../site/forward.js"></script>',
        f'<p>This page is <a href="../{_file(name)}">here</a>.</p>',
    )


def _missing(policy: str, root: str) -> str:
    return _short(
        policy,
        f'<link rel="stylesheet" href="{root}explorer/explorer.css">\n'
        f'  <script src="{root}explorer/theme.js"></script>',
        "<main><h1>Not in this folder</h1>\n  <p>These pages were saved without the service that made them, so it "
        "cannot be asked for anything else here. <code>make serve</code> starts one.</p>\n  "
        f'<p><a href="{root}">To the pages that are here</a></p></main>',
    )


def _short(policy: str, head: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n  <meta charset="utf-8">\n'
        f'  {_policy(policy)}\n  <meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '  <meta name="color-scheme" content="light dark">\n  <link rel="icon" href="data:,">\n'
        f"  <title>Saved pages</title>\n  {head}\n</head>\n<body>\n  {body}\n</body>\n</html>\n"
    )
