"""
Convolution and cross-correlation
=================================

A kernel slides over an image and gives a weighted sum at each place.
"""

import numpy as np
from sklearn.datasets import load_sample_image

from sknn_course.course.theory import convolve, cross_correlate
from sknn_course.plotting import FilteredImageDisplay

# %%
# Networks compute the cross-correlation and call it convolution.
image = np.arange(1, 17).reshape(4, 4)
kernel = np.array([[-1, 1], [0, 1]])
FilteredImageDisplay.from_image(image, kernel)

# %%
# The convolution of mathematics flips the kernel first.
FilteredImageDisplay.from_image(image, kernel, flip=True)
print(
    np.array_equal(convolve(image, kernel), cross_correlate(image, kernel[::-1, ::-1]))
)

# %%
# Zeros around the image keep its size.
FilteredImageDisplay.from_image(image, np.ones((3, 3), int), padding="same")

# %%
# Kernels that find vertical edges, horizontal edges, and no direction at all.
photo = load_sample_image("china.jpg").mean(axis=2)[::2, ::2]
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
FilteredImageDisplay.from_image(photo, sobel)

# %%
FilteredImageDisplay.from_image(photo, sobel.T)

# %%
laplace = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
FilteredImageDisplay.from_image(photo, laplace)

# %%
# A kernel of equal weights blurs.
FilteredImageDisplay.from_image(photo, np.full((7, 7), 1 / 49))
