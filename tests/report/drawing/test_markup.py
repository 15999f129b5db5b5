"""Nothing that comes from the database can become a tag or an attribute."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from labloop.report.drawing.markup import Markup, el, join


class _Seen(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_a_text_comes_back_as_the_text_it_was(text):
    """As content and as attribute any text is read back unchanged, in one element."""
    seen = _Seen()
    seen.feed(el("p", text, title=text))
    assert seen.tags == [("p", {"title": text})]
    assert "".join(seen.texts) == text


def test_only_markup_is_written_as_it_is():
    """Elements nest, plain texts beside them are escaped."""
    assert el("b", "<i>", Markup("<i>x</i>")) == "<b>&lt;i&gt;<i>x</i></b>"
    assert join(["a", ["<", Markup("<br/>")]]) == "a&lt;<br/>"


def test_attributes_are_spelled_for_html():
    """Underscores become hyphens, None leaves an attribute out, floats are short."""
    assert el("rect", stroke_width=1.25, class_=None, x=3.0) == '<rect stroke-width="1.2" x="3"/>'
