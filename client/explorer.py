"""`Explorer`: the service's page of maps in a notebook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

HEIGHT = 640


@dataclass(frozen=True)
class Explorer:
    """The explorer at a view. As the last value of a notebook's cell it is shown there, in a frame.

    So do notebooks that show HTML: Jupyter's and those of VS Code, Colab and others. A link below opens the same view
    in a window of its own; where a notebook shows no frames, it is all there is.

    Attributes
    ----------
    address : str
        Where the view is.
    height : int
        Of the frame, in pixels. A corner of it can be pulled.
    obstacle : str
        Why the view cannot be shown in a frame; empty if it can.
    """

    address: str
    height: int = field(default=HEIGHT, repr=False)
    obstacle: str = field(default="", repr=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        address = escape(self.address)
        link = f'<a href="{address}" target="_blank" rel="noopener">Open the explorer in a window of its own</a>'
        if self.obstacle:
            return f"<p>{escape(self.obstacle)} {link}.</p>"
        return (
            f'<iframe src="{address}" title="Decision boundaries" width="100%" height="{int(self.height)}" '
            f'allow="clipboard-write" style="border: 1px solid #9aa0ac; resize: vertical"></iframe>\n<p>{link}</p>'
        )


def address_of(page: str, view: Mapping[str, object]) -> str:
    """Return where a page shows a view; what is None is left out."""
    query = urlencode({name: value for name, value in view.items() if value is not None}, safe=",")
    start = "" if page.startswith(("http://", "https://", "/")) else "http://"  # from / on it is the notebook's server
    return f"{start}{page.rstrip('/')}/?{query}"


def obstacle_of(policy: str) -> str:
    """Return why a page with this Content-Security-Policy cannot be shown in a frame, or nothing."""
    directives = (directive.split() for directive in policy.split(";"))
    if ["frame-ancestors", "'none'"] not in directives:
        return ""
    return (
        "This service does not let a notebook show its pages: it has to be started with SERVICE_FRAME_ANCESTORS, for "
        "Jupyter on this machine http://localhost:*, for VS Code vscode-webview:,vscode-file:."
    )
