"""Named protocols: who comes to which door, and what an encoder makes of whole attempts."""
