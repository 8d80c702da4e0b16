"""The Helm engine as an oracle: a process that reads values files and says what is in them, one JSON line each way."""

import json
import subprocess
import sys
from typing import Any


class HelmReader:
    """`read` gives the values of a text, or None where Helm refuses it."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, text: str) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the engine ended with {self.process.wait()} while it read {text!r}"
        return json.loads(answer)

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)


def main() -> None:
    # Only in a process of its own: the engine hangs in every child that a process with it forks.
    import helm_python

    for line in sys.stdin:
        try:
            answer = helm_python.values_from_yaml(json.loads(line))
        except helm_python.HelmError:
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
