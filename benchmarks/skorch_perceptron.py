"""The searched networks for skorch, written as its users write them."""

import torch
from skorch import NeuralNetClassifier
from torch import nn

# scikit-learn's name -> skorch's name, and what becomes of the value
NAMES = {
    "hidden_layer_sizes": ("module__n_hidden", lambda sizes, batch_size: sizes[0]),
    "dropout": ("module__dropout", lambda rate, batch_size: rate),
    "learning_rate_init": ("lr", lambda rate, batch_size: rate),
    # scikit-learn divides its penalty by the batch size
    "alpha": ("optimizer__weight_decay", lambda alpha, batch_size: alpha / batch_size),
}


class Perceptron(nn.Module):
    """One hidden layer; weights drawn in scikit-learn's range, from a seed.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
    dropout : float
    seed : int
        Of this and of all that torch draws from now on.
    """

    def __init__(self, n_inputs, n_hidden, n_classes, dropout=0.0, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        layers = [nn.Linear(n_inputs, n_hidden), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(n_hidden, n_classes))
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.uniform_(layer.bias, -bound, bound)

    def forward(self, X):
        """Scores of the classes, shape (n_rows, n_classes)."""
        return self.layers(X)


def make_net(search, n_epochs, device, random_state):
    """skorch's default loop, with Adam.

    Parameters
    ----------
    search : Search
    n_epochs : int
    device : str
    random_state : int

    Returns
    -------
    NeuralNetClassifier
    """
    return NeuralNetClassifier(
        Perceptron,
        module__n_inputs=search.X.shape[1],
        module__n_hidden=sum(search.hidden_layer_sizes),
        module__n_classes=int(search.y.max()) + 1,
        module__seed=random_state,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        batch_size=search.batch_size,
        max_epochs=n_epochs,
        iterator_train__shuffle=True,
        train_split=None,
        device=device,
        verbose=0,
    )


def translate(candidate, batch_size):
    """A candidate in skorch's names.

    Parameters
    ----------
    candidate : dict of str -> object
        In scikit-learn's names.
    batch_size : int

    Returns
    -------
    dict of str -> object
    """
    translated = {}
    for name, value in candidate.items():
        new_name, change = NAMES[name]
        translated[new_name] = change(value, batch_size)
    return translated
