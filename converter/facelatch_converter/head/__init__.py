"""The upper half of a trained encoder, fitted to thousands of people at once.

It is called the head after what `fit-head` fitted at first: the layers behind the last convolutions.
"""
