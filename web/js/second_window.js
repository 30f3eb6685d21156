/**
 * Signing in once more in a second window, so that the first keeps what it holds: a scored list is nowhere else.
 *
 * The second window is this page, too. It goes to the managed login and back by itself, and hands its session to the
 * window that opened it, on a channel whose name only these two know. Nothing is stored beside what each tab forgets.
 */

import { begin, forget, session, take } from "./sign_in.js";

const WAY = "#/sign-in/";
/** A window in the background may be asleep: it is told again until it answers. */
const AGAIN_MS = 500;
const LOOK = "popup,width=520,height=760";

/** @type {BroadcastChannel|undefined} Where this window waits. */
let waiting;
/** @type {Window|null|undefined} */
let second;

/**
 * In the first window: open the second. A browser lets only a click do so.
 * @param {() => void} then Called once the session is here.
 * @returns {boolean} False when the browser opens no window.
 */
export function signInBeside(then) {
  waiting?.close();
  second?.close();
  const name = crypto.randomUUID();
  const channel = new BroadcastChannel(name);
  waiting = channel;
  channel.addEventListener("message", ({ data }) => {
    take(data);
    channel.postMessage("taken");
    channel.close();
    then();
  });
  second = open(`/${WAY}${name}`, "", LOOK);
  return Boolean(second);
}

/** Whether this window was opened to sign in for another. */
export const isSecond = () => location.hash.startsWith(WAY);

/** In the second window: go to the managed login. */
export function beginHere() {
  // It began with a copy of the first one's storage, a typed customer included. The login needs no hold on that window.
  sessionStorage.clear();
  window.opener = null;
  return begin();
}

/** In the second window: hand the session over, keep nothing of it, and close. */
export function handOver() {
  const channel = new BroadcastChannel(location.hash.slice(WAY.length));
  const offer = () => channel.postMessage(session());
  const timer = setInterval(offer, AGAIN_MS);
  channel.addEventListener("message", () => {
    clearInterval(timer);
    channel.close();
    forget();
    window.close();
  });
  offer();
}
