"""The second window hands its session to the one that waits, even if that one was asleep, and keeps nothing of it.

The way through the managed login is tests/browser/test_sign_in.py's.
"""

from tests.unit.web.node import answering

PROGRAM = """
const store = new Map([["session", '{"access": "a0"}']]);
globalThis.sessionStorage = { getItem: (key) => store.get(key) ?? null, removeItem: (key) => store.delete(key) };
globalThis.location = { hash: "#/sign-in/its-name" };
const { handOver, isSecond } = await import("WEB/js/second_window.js");
async function answer() {
  const closed = new Promise((resolve) => { globalThis.window = { close: () => resolve(true) }; });
  handOver();
  // Who listens from now on has missed the first word.
  const first = new BroadcastChannel("its-name");
  const session = await new Promise((resolve) => { first.onmessage = ({ data }) => resolve(data); });
  const before = [...store.keys()];
  first.postMessage("taken");
  const told = { second: isSecond(), session, before, closed: await closed, after: [...store.keys()] };
  first.close();
  return told;
}
"""


def test_a_session_is_offered_until_it_is_taken_and_then_forgotten() -> None:
    with answering(PROGRAM) as ask:
        told = ask({})
    assert told == {"second": True, "session": {"access": "a0"}, "before": ["session"], "closed": True, "after": []}
