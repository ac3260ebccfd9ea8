"""Sphinx's settings: ``python -m sphinx -b html examples/gallery build/gallery``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where conf.teaching_order is found

project = "sknn_course"
author = "The sknn_course developers"
extensions = ["sphinx_gallery.gen_gallery"]
html_title = "sknn_course: examples"
html_show_sourcelink = False
html_theme_options = {"page_width": "1150px", "body_max_width": "900px"}
exclude_patterns = ["sg_execution_times.rst"]

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
    "gallery_dirs": "pages",
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
