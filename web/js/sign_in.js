/**
 * Who is signed in: at Cognito's managed login, by authorization code with PKCE, and as long as this tab is open.
 *
 * Tokens are in session storage: this tab's alone, gone with it, and there after the way to the managed login and back.
 */

const SESSION = "session";
const UNDER_WAY = "sign-in";
/** A token that ends within this time is renewed first. */
const EARLY_MS = 60_000;

/** @typedef {{login: string, client: string, scopes: string[], report_scope: string}} Settings */
/** @typedef {{access: string, id: string, refresh: string, ends: number}} Session */

/** @type {Settings} */
let settings = { login: "", client: "", scopes: [], report_scope: "" };
/** @type {Promise<string|null>|undefined} Several requests that need a new token wait for one. */
let renewing;

/** @param {Settings} given From the site's config.json. */
export function configure(given) {
  settings = given;
}

const home = () => `${location.origin}/`;

/** @param {string} key */
function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @returns {Session|null} */
export const session = () => stored(SESSION);

/**
 * Whoever is signed in; null for nobody. What the page shows of a person, the API decides anew by itself.
 * @returns {{name: string, groups: string[], mayReadReport: boolean, mayPredict: boolean}|null}
 */
export function person() {
  const found = session();
  if (!found) return null;
  const { name, email = "", "cognito:groups": groups = [] } = claims(found.id);
  const scopes = String(claims(found.access).scope ?? "").split(" ");
  return {
    name: name || email,
    groups,
    mayReadReport: scopes.includes(settings.report_scope),
    mayPredict: scopes.some((scope) => scope.includes("/")),
  };
}

/** Go to the managed login; whoever signs in there comes back to the view that is looked at now. */
export async function begin() {
  const [state, nonce, verifier] = [random(), random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(UNDER_WAY, JSON.stringify({ state, nonce, verifier, back: location.hash }));
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: settings.client,
    redirect_uri: home(),
    scope: settings.scopes.join(" "),
    state,
    nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${settings.login}/oauth2/authorize?${asked}`);
}

/**
 * Take up a sign-in that comes back from the managed login, if this is one.
 * @returns {Promise<boolean>} False when it came to nothing: refused, too old, or not asked for by this tab.
 */
export async function finish() {
  const given = new URLSearchParams(location.search);
  if (!given.has("code") && !given.has("error")) return true;
  const asked = stored(UNDER_WAY);
  sessionStorage.removeItem(UNDER_WAY);
  // Neither the code nor what this tab remembers of it is worth anything a second time.
  history.replaceState(null, "", `/${asked?.back ?? ""}`);
  if (!asked?.state || given.get("state") !== asked.state || !given.has("code")) return false;
  const answer = await buy({
    grant_type: "authorization_code",
    code: given.get("code") ?? "",
    redirect_uri: home(),
    code_verifier: asked.verifier,
  });
  const id = claims(answer?.id_token);
  if (!answer || id.nonce !== asked.nonce || id.aud !== settings.client) return false;
  keep(answer, "");
  return true;
}

/** An access token that counts for a while yet; null when nobody is signed in (any more). */
export async function token() {
  const found = session();
  if (!found) return null;
  return found.ends - Date.now() > EARLY_MS ? found.access : renew();
}

/** A new access token, whatever the one at hand says; null when the session has ended. */
export function renew() {
  renewing ??= buyAnother().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function buyAnother() {
  const refresh = session()?.refresh;
  const answer = refresh ? await buy({ grant_type: "refresh_token", refresh_token: refresh }) : null;
  if (!answer) {
    forget();
    return null;
  }
  return keep(answer, refresh ?? "");
}

/** End this session here. */
export function forget() {
  sessionStorage.removeItem(SESSION);
}

/** End the session here and at Cognito, with all that the tab remembers of customers, and show the way in. */
export async function end() {
  const refresh = session()?.refresh;
  sessionStorage.clear();
  const body = new URLSearchParams({ token: refresh ?? "", client_id: settings.client });
  // A session that cannot be revoked now ends by itself; the sign-out goes on.
  if (refresh) await fetch(`${settings.login}/oauth2/revoke`, { method: "POST", body }).catch(() => null);
  location.assign(`${settings.login}/logout?${new URLSearchParams({ client_id: settings.client, logout_uri: home() })}`);
}

/**
 * @param {any} answer Of the token endpoint, which gives another refresh token each time, or none.
 * @param {string} refresh The one that was used.
 */
function keep(answer, refresh) {
  const kept = {
    access: answer.access_token,
    id: answer.id_token,
    refresh: answer.refresh_token ?? refresh,
    ends: Date.now() + 1000 * answer.expires_in,
  };
  take(kept);
  return kept.access;
}

/**
 * Go on with a session, bought here or in the window that was opened for it.
 * @param {Session} given
 */
export function take(given) {
  sessionStorage.setItem(SESSION, JSON.stringify(given));
}

/**
 * Ask the token endpoint; null when it refuses.
 * @param {Record<string, string>} asked
 * @throws {TypeError} When it cannot be reached.
 */
async function buy(asked) {
  const body = new URLSearchParams({ client_id: settings.client, ...asked });
  const response = await fetch(`${settings.login}/oauth2/token`, { method: "POST", body });
  if (response.status >= 500) throw new TypeError(`the token endpoint answered ${response.status}`);
  return response.ok ? response.json() : null;
}

/**
 * What a token says. Whether that is true, API Gateway finds out; the page got the token from Cognito itself.
 * @param {string|undefined} jwt
 * @returns {Record<string, any>}
 */
function claims(jwt) {
  const part = (jwt ?? "").split(".")[1];
  if (!part) return {};
  const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
