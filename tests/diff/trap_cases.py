# SPDX-License-Identifier: Apache-2.0
"""Results of the golden set `traps` as cases for rules.py."""
import importlib.util
import json

import rules

# What this emulator does not have, by the set's tags.
WITHOUT = {"MTE"}
TWO_WORDS = {"MSR", "DC", "IC", "AT", "TLBI", "COSP", "CFP", "CPP", "DVP", "SVE", "SYSL"}


def load_compare(folder):
    """The set's own compare.py."""
    spec = importlib.util.spec_from_file_location("compare", folder / "compare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def access_of(test):
    """The instruction without its general registers: what rules go by."""
    insn = test["insn"].replace(",", " ").split()
    if insn[0] in ("MRS", "SYSL"):
        return f"{insn[0]} {insn[2]}"
    return " ".join(insn[:2 if insn[0] in TWO_WORDS else 1])


def configurations(tests):
    """Each as a whole: the file has only what differs from the first."""
    first = tests["configs"][0]
    return [{k: int(v, 16) for k, v in {**first, **c}.items()} for c in tests["configs"]]


class Comparer:
    def __init__(self, folder, symbols):
        self.compare, self.symbols = load_compare(folder), symbols

    def record(self, results, test):
        return self.compare.rec(results, test["i"])

    def outcome(self, record, test):
        o = self.compare.outcome(record, test["slot"], self.symbols)
        return rules.Outcome(o["kind"], o["el"], o["esr"])

    def case(self, test, config, theirs, ours):
        """The difference of two result files in one test, or None."""
        x, y = self.record(theirs, test), self.record(ours, test)
        found = self.compare.differ(x, y, test["slot"], self.symbols, test.get("mask", {}))
        if not found:
            return None
        return rules.TrapCase(access_of(test), int(test["word"], 16), int(test["x"], 16),
                              test["el"], config, self.outcome(x, test), self.outcome(y, test),
                              {name: values for name, *values in found})


def golden_cases(folder):
    """(name, case) of each difference between out.bin and the set."""
    tests = json.loads((folder / "tests.json").read_text())
    configs, comparer = configurations(tests), Comparer(folder, tests["sym"])
    expected, ours = ((folder / f).read_bytes() for f in ("expected.bin", "out.bin"))
    for t in tests["tests"]:
        if t["status"] != "skip":
            case = comparer.case(t, configs[t["cfg"]], expected, ours)
            if case:
                yield f"#{t['i']} {t['insn']}", case
