"""The budgets of the design, measured. `make bench` runs all of them, `python -m bench NAME` one."""
