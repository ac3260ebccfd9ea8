"""Sphinx's settings: ``python -m sphinx -W -b html examples/site site``."""

import sys
from pathlib import Path

import sknn_course

sys.path.insert(0, str(Path(__file__).parent))  # where conf.teaching_order is found

project = "sknn_course"
author = "The sknn_course developers"
copyright = author
version = release = sknn_course.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["sg_execution_times.rst", "gallery/sg_execution_times.rst"]
html_theme = "pydata_sphinx_theme"
html_title = f"sknn_course {version}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"start": [], "changelog": [], "faq": []}
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 5,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
# Each method has its place on the page of its class, see the template.
numpydoc_show_class_members = False
# Sections, and names and types of parameters. Not those of what nobody calls: results,
# whose attributes are described, and the layers' answers, described once for `Layer`.
numpydoc_validation_checks = {"GL06", "GL07", "SS06", "PR01", "PR02", "PR04", "PR05"}
numpydoc_validation_exclude = {
    r"\.(Report|Layer(Counts|Row|Table)|ReceptiveField|DivergedError)$",
    r"\.layers\.\w+\.\w+$",
    r"\.(TensorBoardLogging|LayerTable|Report)\.",
    r"\.StackedBackend\.",
    r"\.[gs]et_params$",
}

ORDER = [
    "activation_functions",
    "backpropagation_step",
    "learning_rates",
    "vanishing_gradients",
    "first_layer",
    "overfitting",
    "dropout_batch_norm",
    "decision_boundaries",
    "eckerle4",
    "convolution",
    "cnn_features",
    "counting_parameters",
    "fully_convolutional",
    "whitening",
    "stacked_search",
    "significance",
]

sphinx_gallery_conf = {
    "examples_dirs": "..",
    "gallery_dirs": "gallery",
    "within_subsection_order": "conf.teaching_order",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "show_signature": False,
    "capture_repr": (),
}


def teaching_order(filename):
    """Place of an example in the gallery."""
    return ORDER.index(filename.removeprefix("plot_").removesuffix(".py"))


def skip_of_others(app, what, name, obj, skip, options):
    """Methods that scikit-learn, joblib or skorch wrote: theirs to document."""
    module = getattr(getattr(obj, "fget", obj), "__module__", None)
    return skip or (what == "class" and not str(module).startswith("sknn_course"))


def setup(app):
    """Connect what Sphinx asks."""
    app.connect("autodoc-skip-member", skip_of_others)
