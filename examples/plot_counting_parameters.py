"""
Counting parameters, connections and receptive fields
=====================================================

LeNet-5 and AlexNet as tables, with the sums that one does by hand.
"""

import matplotlib.pyplot as plt

from sknn_course.inspection import draw_network, layer_table, output_size

# %%
# LeNet-5 on images of 32 x 32 pixels. A convolution of K filters of F x F over D maps
# has (F F D + 1) K parameters.
lenet = layer_table("lenet5")
print(lenet.connected)
print(f"{lenet.n_parameters:,} parameters, {lenet.n_connections:,} connections")

# %%
# In the original, each map of the third layer sees only some of the maps before it.
sparse = layer_table("lenet5_sparse")
print(f"{sparse.n_parameters:,} parameters, {sparse.n_connections:,} connections")

# %%
# AlexNet in one path: 94 % of its parameters are in the dense layers, most of its
# connections are in the convolutions.
alexnet = layer_table("alexnet").connected
print(alexnet)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
names = [row.name for row in alexnet][::-1]
for ax, kind in zip(axes, ("parameters", "connections"), strict=True):
    counts = [getattr(row, kind) for row in alexnet][::-1]
    ax.barh(names, [100 * count / sum(counts) for count in counts], color="#0b5394")
    ax.set_xlabel(f"share of {sum(counts):,} {kind} in %")
    ax.spines[["top", "right"]].set_visible(False)

# %%
# How much of the input a value sees, along the layers.
figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for table, name in ((lenet.connected, "LeNet-5"), (alexnet, "AlexNet")):
    fields = [row.receptive_field.input for row in table]
    sides = [field[0] for field in fields if field is not None]
    ax.plot(range(1, len(sides) + 1), sides, "o-", label=name)
ax.set(xlabel="layer", ylabel="receptive field in pixels")
ax.legend(frameon=False)

# %%
# The size of a map, (N - F + 2 P) / S + 1, and a window that does not fit.
print(output_size(227, 11, stride=4), output_size(28, 5, padding=2))
try:
    output_size(227, 7, padding=0, stride=3)
except ValueError as error:
    print(error)

# %%
# The graph of LeNet-5.
draw_network("lenet5")
