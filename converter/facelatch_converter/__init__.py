"""The workstation side of Facelatch: render, train, quantise, evaluate, bundle."""
