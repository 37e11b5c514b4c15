import { setTimeout as pause } from "node:timers/promises";
import { isBusyStatus } from "../../model/busy-status.ts";
import type { CloudDoor } from "../../model/cloud-door.ts";
import type { Context } from "../../model/context.ts";
import { userError } from "../../model/errors.ts";
import { parseJson } from "../../model/json-text.ts";
import type { WebAnswer, WebRequest, WebSecurity, WebTrouble } from "../../model/web.ts";
import type { Cloud } from "../../tools/openstack/cloud.ts";
import { type CloudSession, sessionOf, tokenRequest } from "../../tools/openstack/keystone.ts";
import { readCloud } from "../../tools/openstack/read-cloud.ts";
import { saidText } from "./trouble.ts";

/** A cloud that was logged in to. */
export interface OpenCloud {
  readonly cloud: Cloud;
  readonly security: WebSecurity;
  readonly session: CloudSession;
}

const known = new WeakMap<CloudDoor, Map<string, Promise<OpenCloud>>>();
/** A token that ends this soon is renewed first. */
const marginMs = 60_000;

/**
 * Logs in to the cloud of this name (null: that of the environment), once for all that use it. `renew`: the token of this session was
 * refused. Throws a UserError: `cloud-…` where settings are missing or Keystone refuses or does not answer.
 */
export async function openCloud(context: Context, name: string | null, renew?: CloudSession): Promise<OpenCloud> {
  const { clouds: door } = context;
  if (door === undefined)
    throw userError("cloud-missing", "Clouds cannot be reached from here", "This program gave the session no access to clouds.");
  const opened = known.get(door) ?? new Map<string, Promise<OpenCloud>>();
  known.set(door, opened);
  const key = name ?? "";
  const asked = opened.get(key);
  const before = await asked?.catch(() => undefined);
  if (before !== undefined && before.session !== renew && before.session.expires - marginMs > context.host.now().getTime()) return before;
  // Of several that wait for the same session and cannot use it, the first one logs in, and the others take what it gets.
  const newer = opened.get(key);
  if (newer !== undefined && newer !== asked) return await newer;
  const next = login(context, door, name);
  opened.set(key, next);
  next.catch(() => opened.get(key) === next && opened.delete(key));
  return await next;
}

async function login(context: Context, door: CloudDoor, name: string | null): Promise<OpenCloud> {
  const cloud = readCloud(door, name);
  const security = securityOf(door, cloud);
  const answer = await patiently(door, 3, {
    method: "POST",
    url: `${cloud.authUrl}/auth/tokens`,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(tokenRequest(cloud.login)),
    security,
    signal: context.signal,
  });
  const { host } = new URL(cloud.authUrl);
  if ("trouble" in answer)
    throw userError(
      "cloud-unreachable",
      `Keystone at ${host} cannot be reached: ${answer.trouble}`,
      `${answer.hint} The address is auth_url of ${cloud.origin}.`,
    );
  const token = answer.headers["x-subject-token"];
  if (answer.status !== 201 || token === undefined) throw refused(cloud, host, answer);
  const session = sessionOf(cloud, token, parseJson(answer.body));
  if (typeof session === "string") throw userError("cloud-catalogue", `There is no image service for ${cloud.origin}`, session);
  return { cloud, security, session };
}

function refused(cloud: Cloud, host: string, { status, body }: WebAnswer) {
  const said = saidText(body);
  const text = said === "" ? "" : ` Keystone says: ${said}`;
  if (status === 401) {
    const what =
      cloud.login.method === "application_credential"
        ? "The application credential is unknown, expired or has another secret"
        : "The user is unknown, the password or the token is wrong, or the user has no role in the project";
    return userError(
      "cloud-refused",
      `Keystone at ${host} rejects the login`,
      `${what}. The settings are those of ${cloud.origin}.${text}`,
    );
  }
  if (status === 404)
    return userError(
      "cloud-unreachable",
      `There is no Keystone at ${cloud.authUrl}`,
      `It answers 404. Correct auth_url of ${cloud.origin}.`,
    );
  return userError(
    "cloud-unreachable",
    `Keystone at ${host} fails: it answers ${status}`,
    `Try again later. The address is auth_url of ${cloud.origin}.${text}`,
  );
}

/** Sends a request, up to `attempts` times while the server is busy or the connection fails. */
export async function patiently(door: CloudDoor, attempts: number, request: WebRequest): Promise<WebAnswer | WebTrouble> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await door.request(request);
    const again = "trouble" in answer ? answer.again : isBusyStatus(answer.status);
    if (!again || attempt >= attempts) return answer;
    await pause(retryPauseMs(attempt, Math.random()), undefined, request.signal === undefined ? {} : { signal: request.signal });
  }
}

/** Nova GCL-04 waits one second each time; this grows to eight, with a part by `chance` (0 to 1) so that many hosts do not return at once. */
export function retryPauseMs(attempt: number, chance: number): number {
  return Math.min(8000, 1000 * 2 ** (attempt - 1)) * (0.5 + chance / 2);
}

function securityOf(door: CloudDoor, { cacert, cert, key, verify, origin }: Cloud): WebSecurity {
  const read = (path: string, what: string): string => {
    const text = door.readText(path);
    if (text === undefined) throw userError("cloud-invalid", `The file ${path} cannot be read`, `It is ${what} of ${origin}.`);
    return text;
  };
  return {
    ...(cacert === null ? {} : { authorities: read(cacert, "cacert") }),
    ...(cert === null ? {} : { client: { certificate: read(cert, "cert"), key: read(key ?? cert, "key") } }),
    ...(verify ? {} : { insecure: true as const }),
  };
}
