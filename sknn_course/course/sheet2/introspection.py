"""Configuration, counts and drawings of the 2018 networks; global average pooling."""

import numpy as np

from ...cnn import CNNClassifier
from ...inspection import layer_table
from ...layers import GlobalAveragePool
from ..experiment import Check, Experiment, Findings
from ..networks import NETWORKS
from ..theory import numerical_gradient
from .setup import GROUP, SETUP


def global_average_pooling(context):
    """Mean of each map forward, equal shares backward, no parameters."""
    import torch

    from ..._engine.ops.stacked import LAYERS

    layer, shape = GlobalAveragePool(), (2, 3, 4)
    module = LAYERS[GlobalAveragePool].module(layer, shape)
    maps = np.random.RandomState(0).randn(1, *shape)
    x = torch.tensor(maps, requires_grad=True)
    dy = np.array([[2.0, -1.0]])
    y = module(x)
    y.backward(torch.tensor(dy))
    return Findings(
        checks=[
            Check("output shape", layer.output_shape(shape), right=(2,)),
            Check(
                "mean of each map",
                y.detach().numpy(),
                right=maps.mean(axis=(2, 3)),
                tolerance=1e-12,
            ),
            Check(
                "gradient: dy / (height * width) in each pixel",
                x.grad.numpy(),
                right=np.broadcast_to(dy[:, :, None, None] / 12, maps.shape),
                tolerance=1e-12,
            ),
            Check(
                "gradient against central differences",
                x.grad.numpy(),
                right=numerical_gradient(
                    lambda m: (dy * m.mean(axis=(2, 3))).sum(), maps
                ),
                tolerance=1e-8,
            ),
            Check("parameters", layer.n_parameters(shape), right=0),
        ]
    )


PARAMETERS = {
    "kiel_2018_cnn": 1_199_882,
    "kiel_2018_variation_1": 97_482,
    "kiel_2018_variation_2": 63_124,
    "kiel_2018_variation_3": 167_818,
    "kiel_2018_grid_winner": 650_698,
}


def introspection(context):
    """Configuration, parameters and drawing of each network."""
    configuration = CNNClassifier(
        architecture=NETWORKS["kiel_2018_cnn"].layers, **SETUP
    ).get_params()
    return Findings(
        checks=[
            Check(
                f"{name}: parameters",
                layer_table(NETWORKS[name]).n_parameters,
                PARAMETERS[name],
            )
            for name in PARAMETERS
        ],
        tables={
            "Configuration of S2.20": [
                {"parameter": key, "value": str(value)}
                for key, value in configuration.items()
            ],
            **{
                f"Layers of {name}": [
                    {
                        "layer": row.name,
                        "type": row.type,
                        "output": "×".join(map(str, row.output_shape)),
                        "parameters": row.parameters,
                    }
                    for row in layer_table(NETWORKS[name])
                ]
                for name in PARAMETERS
            },
        },
        pictures={f"graph_{name}": _graph_picture(name) for name in PARAMETERS},
        notes=["The learning curves of each network are with its own row."],
    )


def _graph_picture(name):
    def draw():
        from ...inspection import draw_network

        return draw_network(NETWORKS[name]).figure

    return draw


EXPERIMENTS = (
    Experiment(
        "S2.24",
        "Global average pooling",
        GROUP,
        "Mean of each map: forward, backward, no parameters.",
        global_average_pooling,
    ),
    Experiment(
        "S2.29",
        "Introspection",
        GROUP,
        "Configuration, parameter counts and drawings of the networks.",
        introspection,
    ),
)
