"""Nodes and what runs on them: images are pulled, programs run, are probed, fail, restart and write logs."""
