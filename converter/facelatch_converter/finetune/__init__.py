"""Training that goes on from an encoder, on people of a user's own: `train --dataset`."""
