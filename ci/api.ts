import { setTimeout as wait } from "node:timers/promises";

/** How to reach one API. */
export interface Api {
  /** Without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What to do about a refusal (401, 403, 404), as a sentence. */
  readonly remedy: (status: number, method: string, path: string) => string;
  /** Milliseconds that one request may take (default 30,000). */
  readonly timeout?: number;
  /** Milliseconds before the second attempt (default 1,000); each further one waits twice as long. */
  readonly pause?: number;
}

/** A request that failed for good, or that another attempt may help. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number | undefined;
  /** Milliseconds after which another attempt makes sense, undefined when none does. */
  readonly retryAfter: number | undefined;
  constructor(message: string, status: number | undefined, retryAfter: number | undefined) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const attempts = 4;
/** Servers that ask for more patience are not waited for: a job that sleeps is paid for. */
const longestWait = 60_000;
const largestAnswer = 64 * 2 ** 20;

/** Reads from an API, or changes what already exists there. Both may be repeated, so they are when the server is at fault. */
export function apiRequest<T>(api: Api, method: "GET" | "PATCH" | "PUT", path: string, body?: object): Promise<T> {
  return retrying(api, () => requestOnce<T>(api, method, path, body));
}

/**
 * Creates something through an API. A server can create it and fail to say so; `find` looks for it before each further attempt, so that it
 * exists once.
 */
export async function apiCreate<T>(api: Api, path: string, body: object, find: () => Promise<T | undefined>): Promise<T> {
  let first = true;
  return retrying(api, async () => {
    const found = first ? undefined : await find();
    first = false;
    return found ?? requestOnce<T>(api, "POST", path, body);
  });
}

/** Reads pages of a list until one is not full, at most `most` of them. */
export async function* apiPages<T>(api: Api, path: string, most = 30): AsyncGenerator<T> {
  for (let page = 1; page <= most; page++) {
    const entries = await apiRequest<T[]>(api, "GET", `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`);
    yield* entries;
    if (entries.length < 100) return;
  }
}

/** The bytes of a file. Throws an ApiError. */
export function apiFile(api: Api, path: string): Promise<Buffer> {
  return retrying(api, () => send(api, "GET", path));
}

async function retrying<T>(api: Api, attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryAfter === undefined || count === attempts) throw error;
      await wait(Math.max(error.retryAfter, (api.pause ?? 1_000) * 2 ** (count - 1)));
    }
  }
}

async function requestOnce<T>(api: Api, method: string, path: string, body?: object): Promise<T> {
  const answer = await send(api, method, path, body);
  try {
    return JSON.parse(answer.toString("utf8")) as T;
  } catch {
    throw new ApiError(`${method} ${api.url}${path}: the answer is not JSON. Check the address of the API.`, undefined, undefined);
  }
}

async function send(api: Api, method: string, path: string, body?: object): Promise<Buffer> {
  const where = `${method} ${api.url}${path}`;
  const timeout = api.timeout ?? 30_000;
  let response: Response;
  let bytes: Buffer;
  try {
    response = await fetch(`${api.url}${path}`, {
      method,
      headers: { ...api.headers, "user-agent": "virtform-ci", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeout),
    });
    bytes = await bodyOf(response, where);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const late = error instanceof Error && error.name === "TimeoutError";
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
    const reason = late ? `no answer within ${timeout / 1000} s` : `it cannot be reached${cause}`;
    throw new ApiError(`${where}: ${reason}. Check the network of the runner and the address of the API.`, undefined, 0);
  }
  if (response.ok) return bytes;
  throw refusal(api, response, where, bytes, [method, path]);
}

async function bodyOf(response: Response, where: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > largestAnswer) throw new ApiError(`${where}: the answer is longer than ${largestAnswer} bytes.`, undefined, undefined);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function refusal(api: Api, response: Response, where: string, bytes: Buffer, request: readonly [method: string, path: string]): ApiError {
  const { status, headers } = response;
  const said = messageIn(bytes.toString("utf8"));
  const text = `${where}: ${status}${said === "" ? "" : ` (${said})`}`;
  const limited = status === 429 || (status === 403 && (headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0"));
  if (limited) {
    const after = secondsUntilAllowed(headers) * 1000;
    const hint = `The limit of requests of this token is reached${after > 0 ? `, for another ${Math.ceil(after / 1000)} s` : ""}: run the job again later.`;
    return new ApiError(`${text}. ${hint}`, status, after > longestWait ? undefined : after);
  }
  if (status >= 500) return new ApiError(`${text}. The server is at fault: run the job again later.`, status, 0);
  return new ApiError(`${text}. ${api.remedy(status, ...request)}`, status, undefined);
}

function secondsUntilAllowed(headers: Headers): number {
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(after)) return Math.max(after, 0);
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? Number.NaN);
  return Number.isFinite(reset) ? Math.max(reset - Date.now() / 1000, 0) : 0;
}

/** What an API says about an error, in one short line without control characters. */
function messageIn(text: string): string {
  let said: unknown = text;
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    said = message ?? error ?? "";
  } catch {
    // A proxy answers with a page.
  }
  const line = typeof said === "string" ? said : JSON.stringify(said);
  return line
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
}
