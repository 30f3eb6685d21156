"""Run the benchmarks, all of them or those named: `python -m bench crossval synth lambda load batches local`.

Options behind a single name are that benchmark's: `python -m bench batches --rows 20000`.
"""

import argparse
import importlib

BENCHMARKS = {
    "crossval": ("bench.crossval", "the model beside the lab's recipe, cross-validated"),
    "synth": ("bench.synth_time", "synthesis beside an empty app"),
    "lambda": (
        "bench.lambda_start",
        "the invoker's cold start and overhead beside the lab's bare handler",
    ),
    "load": ("bench.load", "the API at its throttle, beyond it, and with its model killed or hanging"),
    "batches": ("bench.batches", "a file of customers through the laptop run, stage by stage"),
    "local": ("bench.first_prediction", "from `make local` to the first prediction"),
}


def main(argv: list[str] | None = None) -> None:
    """Run each benchmark asked for, under a heading."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    options, theirs = parser.parse_known_args(argv)
    names = options.names or list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if theirs and len(names) != 1:
        parser.error("options go with one name only")
    for name in names:
        module, title = BENCHMARKS[name]
        print(f"\n## {title[0].upper()}{title[1:]}\n", flush=True)
        importlib.import_module(module).main(theirs)


if __name__ == "__main__":
    main()
