"""A ticket's page as a browser reads it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.dashboard_scene import Dash

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b style=color:red>"


class Page(HTMLParser):
    """A page as a browser reads it: its texts, links and forms, and what would run in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.links: dict[str, str] = {}
        self.forms: list[str] = []
        self.words: list[str] = []
        self._href: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/static/app.js"):
            self.faults.append("script")
        if tag in {"iframe", "object", "embed", "base", "style"}:
            self.faults.append(tag)
        if tag == "img" and not given.get("src", "").startswith("/static/"):
            self.faults.append(f"img {given}")
        self.faults += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        for name in ("href", "action", "src", "hx-get", "hx-post", "formaction"):
            if given.get(name, "").strip().lower().startswith(("javascript:", "data:", "vbscript:")):
                self.faults.append(f"{name} {given[name]}")
        if tag == "a":
            self._href = given.get("href", "")
        if tag == "form":
            self.forms.append(given.get("action", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._href is not None:
            self.links[self._href] = self.links.get(self._href, "") + data

    @property
    def text(self) -> str:
        """All that can be read."""
        return " ".join(" ".join(self.words).split())


def look(dash: Dash, ticket: str, query: str = "") -> Page:
    """Opens a ticket's page, Git's history included."""
    return Page(dash.get(f"/tickets/{dash.slug}/{ticket}?wait=1{query}").text)
