"""How Sphinx builds the site: `python tools/make.py docs`, or `make docs`.

Nothing in the built pages points outside of them but the links that a reader clicks: no web font,
no script or style from elsewhere. Warnings are errors.
"""

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent / "tools")]

project = "labloop"
author = "The labloop founders"
copyright = author  # noqa: A001 - Sphinx reads this name
release = metadata.version("labloop-sdl")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "from_the_code",
    "for_language_models",
]
exclude_patterns = ["_extensions", "_static", "templates"]
root_doc = "index"
smartquotes_action = "D"  # dashes; a quote in a sentence may be typed as it stands

# Pages are Markdown that reads well on its own, with anchors as a forge makes them.
myst_heading_anchors = 4

# Docstrings are reStructuredText with Google's sections.
default_role = "code"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Options of the lab file", "params_style")]
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 88

highlight_language = "none"  # a block says what it is, or it is a picture
html_theme = "furo"
html_title = f"labloop {release}"
html_static_path = ["_static"]
html_css_files = ["labloop.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "native"
copybutton_exclude = ".linenos, .gp, .go"
