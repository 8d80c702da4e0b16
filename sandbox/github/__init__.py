"""The few endpoints of GitHub that the product calls, in the layout of a GitHub Enterprise Server, on loopback."""
