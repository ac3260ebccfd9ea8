"""Theory and terms: the rows that the 2020 sheet repeats."""

from ..experiment import Experiment
from ..sheet1 import building_blocks, calculators, loss_theory
from .together import together

GROUP = "Theory and terms (as in the 2020 sheet)"

EXPERIMENTS = (
    Experiment(
        "S2.16",
        "Least squares in closed form",
        GROUP,
        "As S1.01.",
        loss_theory.closed_form,
        same_as="S1.01",
        errata=loss_theory.GRADIENT_ERRATUM,
    ),
    Experiment(
        "S2.17",
        "Binary cross-entropy",
        GROUP,
        "As S1.03.",
        loss_theory.cross_entropy,
        same_as="S1.03",
        errata=loss_theory.CROSS_ENTROPY_ERRATUM,
    ),
    Experiment(
        "S2.18",
        "Terms of convolutional networks",
        GROUP,
        "Convolution, kernel, feature map, receptive field, pooling, fully "
        "convolutional network: as S1.04, S1.05, S1.06 and S1.08.",
        together(
            building_blocks.convolution,
            building_blocks.pooling,
            building_blocks.fully_convolutional,
            calculators.fields,
        ),
        same_as="S1.04, S1.05, S1.06, S1.08",
    ),
)
