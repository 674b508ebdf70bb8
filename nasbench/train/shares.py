"""How images are divided into training, validation and test, where a data set does not say it itself."""

SPLIT_SEED = 20_180_717
"""The seed of validation splits. Another value would change every data set here, and with it every result."""

VALIDATION_SHARE = 0.1
"""Share of the training images in the validation split, unless a data set comes with one.

It equals the usual 5,000 of 50,000 images of CIFAR.
"""

TEST_SHARE = 0.1
"""Share of the images in the test split of a folder of classes."""
