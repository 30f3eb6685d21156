"""The page's modules, run by Node: a line of JSON in, a line of JSON out."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "web"
NODE = shutil.which("node") or str(Path(sys.executable).with_name("node"))

Ask = Callable[..., Any]
_PROGRAM = """
import { createInterface } from "node:readline";
%s
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  console.log(JSON.stringify((await answer(asked)) ?? null));
}
"""


@contextmanager
def answering(program: str, language: str = "en") -> Iterator[Ask]:
    """Run a program that defines ``answer(asked)``; ``import.meta`` apart, ``WEB`` in it is the page's folder.

    Parameters
    ----------
    language
        Of the browser that Node stands for.
    """
    setup = f"Object.defineProperty(globalThis, 'navigator', {{ value: {{ languages: [{language!r}] }} }});\n"
    code = setup + _PROGRAM % program.replace("WEB", WEB.as_uri())
    # The page's modules need no package.json; Node would say so each time.
    command = [NODE, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module", "-e", code]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert node.stdin
    assert node.stdout
    stdin, stdout = node.stdin, node.stdout

    def send(asked: Any) -> Any:
        print(json.dumps(asked), file=stdin, flush=True)
        return json.loads(stdout.readline())

    try:
        yield send
    finally:
        stdin.close()
        node.wait(120)
        stdout.close()
