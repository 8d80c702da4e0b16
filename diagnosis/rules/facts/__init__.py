"""What is derived from a snapshot: the target's objects, their state, their words. No judgement."""
