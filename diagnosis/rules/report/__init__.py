"""What is said: findings with evidence and remedies, in what order, and as text."""
