/** Talks to the service: same origin, JSON, with a timeout, and with failures one can explain. */

import { forget, renew, token } from "./sign_in.js";

/** API Gateway gives up after 29 s; a little later the page does too. */
const TIMEOUT_MS = 31_000;

/**
 * @typedef {"offline"|"timeout"|"unavailable"|"throttled"|"broken"|"invalid"|"cancelled"|"signedOut"} FailureKind
 * @typedef {{customer: number, field: string, rule: string, remedy: string}} FieldError
 */

/** A request that did not lead to an answer. */
export class Failure extends Error {
  /**
   * @param {FailureKind} kind
   * @param {{errors?: FieldError[], detail?: string, requestId?: string, retryAfter?: number, status?: number}} facts
   */
  constructor(kind, facts = {}) {
    super(kind);
    this.kind = kind;
    this.errors = facts.errors ?? [];
    this.detail = facts.detail;
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
    this.status = facts.status;
  }
}

/**
 * Fetch a JSON document of the site itself.
 * @param {string} path
 */
export async function load(path) {
  const response = await send(path, { cache: "no-cache" });
  const body = await read(response);
  if (!response.ok || body === null) throw failure(response, body);
  return body;
}

/**
 * Fetch a JSON document from an address that the API has signed; it takes no token.
 * @param {string} url
 */
export async function loadFrom(url) {
  const response = await send(url, {});
  const body = await read(response);
  if (!response.ok || body === null) throw new Failure("broken");
  return body;
}

/**
 * Ask the API for a JSON document, in the name of whoever is signed in.
 * @param {string} path
 * @param {RequestInit} options
 */
export async function ask(path, options = {}) {
  const response = await sendSigned(path, { cache: "no-cache", ...options });
  const body = await read(response);
  if (!response.ok || body === null) throw failure(response, body);
  return body;
}

/**
 * Score customers: one prediction each, in their order.
 * @param {string} api Base path of the API.
 * @param {{customers: Record<string, unknown>[], what_if?: Record<string, unknown>[], offers?: boolean}} asked
 * @param {{lenient?: boolean, signal?: AbortSignal}} options
 *   `lenient`: customers that break rules come back with their errors, and do not stop the others.
 * @returns {Promise<{predictions: any[], model: any}>}
 */
export async function predict(api, asked, { lenient = false, signal } = {}) {
  const response = await sendSigned(`${api}/predictions`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      // Follows this request through the logs, to the model's endpoint.
      "X-Correlation-Id": crypto.randomUUID(),
      ...(lenient ? { Prefer: "handling=lenient" } : {}),
    },
    body: JSON.stringify(asked),
    signal,
  });
  const body = await read(response);
  if (!response.ok || body?.predictions?.length !== asked.customers.length) throw failure(response, body);
  return { predictions: body.predictions, model: body.model ?? {} };
}

/**
 * @param {Response} response
 * @param {any} body
 */
function failure(response, body) {
  return new Failure(kindOf(response.status, body), {
    errors: Array.isArray(body?.errors) ? body.errors : [],
    detail: body?.detail,
    requestId: body?.request_id,
    retryAfter: Number(response.headers.get("Retry-After")) || undefined,
    status: response.status,
  });
}

/**
 * @param {number} status
 * @param {any} body
 * @returns {FailureKind}
 */
function kindOf(status, body) {
  if (status === 400 && Array.isArray(body?.errors)) return "invalid";
  if (status === 429) return "throttled";
  if (status === 504) return "timeout";
  return status === 502 || status === 503 ? "unavailable" : "broken";
}

/**
 * Send a request with a token; one that the API refuses, although it should count, is tried again with a new one.
 * @param {string} path
 * @param {RequestInit} options
 * @throws {Failure} Of the kind "signedOut", when there is no token that counts.
 */
async function sendSigned(path, options) {
  for (const give of [token, renew]) {
    const bearer = await give().catch((error) => {
      throw asFailure(error);
    });
    if (!bearer) break;
    const headers = { ...options.headers, Authorization: `Bearer ${bearer}` };
    const response = await send(path, { ...options, headers });
    if (response.status !== 401) return response;
  }
  forget();
  throw new Failure("signedOut");
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function send(path, options) {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(path, { ...options, signal: options.signal ? AbortSignal.any([late, options.signal]) : late });
  } catch (error) {
    throw asFailure(error);
  }
}

/**
 * The body as JSON; null when it is something else, such as a proxy's error page.
 * @param {Response} response
 */
async function read(response) {
  let body;
  try {
    body = await response.text();
  } catch (error) {
    throw asFailure(error);
  }
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** @param {unknown} error */
function asFailure(error) {
  const name = error instanceof DOMException ? error.name : "";
  return new Failure(name === "TimeoutError" ? "timeout" : name === "AbortError" ? "cancelled" : "offline");
}
