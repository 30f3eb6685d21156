"""Run the benchmarks, all of them or those named: `python -m bench crossval synth lambda load local`."""

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
    "local": ("bench.first_prediction", "from `make local` to the first prediction"),
}


def main(argv: list[str] | None = None) -> None:
    """Run each benchmark asked for, under a heading."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        module, title = BENCHMARKS[name]
        print(f"\n## {title[0].upper()}{title[1:]}\n", flush=True)
        importlib.import_module(module).main([])


if __name__ == "__main__":
    main()
