"""A second face generator: face models of MakeHuman's heads."""
