import { setTimeout as pause } from "node:timers/promises";
import { isBusyStatus } from "../../model/busy-status.ts";
import type { Context } from "../../model/context.ts";
import { type CodedError, unexpectedAnswer } from "../../model/errors.ts";
import { parseJson } from "../../model/json-text.ts";
import type { WebAnswer, WebRequest, WebSecurity } from "../../model/web.ts";
import { type GlanceImage, parseGlanceImage } from "../../tools/openstack/image.ts";
import { withoutVersion } from "../../tools/openstack/keystone.ts";
import { type OpenCloud, openCloud, retryPauseMs } from "./session.ts";
import type { GlanceSettings } from "./settings.ts";
import { glanceWords, saidText, unreachableGlance, wordsError } from "./trouble.ts";

/** A call of the image service. */
export interface GlanceCall extends Pick<WebRequest, "method" | "body" | "timeoutMs" | "maxBytes"> {
  /** `/v2/images/…`. */
  readonly path: string;
  /** Of the body. Default: JSON. */
  readonly type?: string;
  /** For messages: `image debian`. */
  readonly what: string;
  /** Statuses from 300 on that are answers. */
  readonly ok?: readonly number[];
}

/** Glance, with a token of the cloud. */
export interface GlanceClient {
  /** Asks, with retries and another server each time (Nova GCL-02 … GCL-05). Throws a UserError for any status that is no answer (Nova GCL-06). */
  call(call: GlanceCall): Promise<WebAnswer>;
  /** Addresses of the service in the order in which they are asked, and what is sent to them. */
  servers(): Promise<{
    readonly urls: readonly string[];
    readonly headers: Readonly<Record<string, string>>;
    readonly security: WebSecurity;
  }>;
  /** Logs in again, after a server refused the token of `servers`. */
  renew(): Promise<void>;
  /** The settings that the token was made with, for messages: `cloud ops of /etc/openstack/clouds.yaml`. */
  origin(): Promise<string>;
  /** The project of the token. */
  project(): Promise<string | null>;
}

/** The image service at `endpoint`, else at the servers of the settings, else where the catalogue says. Nothing is asked yet. */
export function glanceClient(context: Context, settings: GlanceSettings, endpoint: string | null = null): GlanceClient {
  let turn: number | undefined;
  const serversOf = ({ session }: OpenCloud): string[] => {
    const all = endpoint !== null ? [endpoint] : settings.servers.length > 0 ? settings.servers.map(withoutVersion) : session.images;
    // Nova GCL-04: a random one first, so that all hosts do not ask the same one.
    turn ??= Math.floor(Math.random() * all.length);
    const first = turn % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  };
  return {
    async call(call) {
      let opened = await openCloud(context, settings.cloud);
      let renewed = false;
      for (let attempt = 1; ; attempt += 1) {
        const [server = ""] = serversOf(opened);
        const answer = await ask(context, opened, server, call);
        if ("trouble" in answer ? !answer.again : !isBusyStatus(answer.status)) {
          if ("trouble" in answer) throw unreachableGlance(new URL(server).host, answer.trouble, attempt, answer.hint);
          if (answer.status === 401 && !renewed) {
            renewed = true;
            opened = await openCloud(context, settings.cloud, opened.session);
            attempt -= 1;
            continue;
          }
          if (answer.status < 300 || call.ok?.includes(answer.status) === true) return answer;
          throw wordsError(glanceWords(answer.status, call.what, opened.cloud.origin, saidText(answer.body)));
        }
        turn = (turn ?? 0) + 1;
        if (attempt > settings.retries) {
          const [reason, hint] =
            "trouble" in answer
              ? [answer.trouble, answer.hint]
              : [`it answers ${answer.status}`, "Try again later, or look into the log of Glance."];
          throw unreachableGlance(new URL(server).host, reason, attempt, hint);
        }
        await pause(retryPauseMs(attempt, Math.random()), undefined, { signal: context.signal });
      }
    },
    async servers() {
      const opened = await openCloud(context, settings.cloud);
      return { urls: serversOf(opened), headers: { "x-auth-token": opened.session.token }, security: opened.security };
    },
    async renew() {
      const { session } = await openCloud(context, settings.cloud);
      await openCloud(context, settings.cloud, session);
    },
    origin: async () => (await openCloud(context, settings.cloud)).cloud.origin,
    project: async () => (await openCloud(context, settings.cloud)).session.project,
  };
}

function ask({ clouds, signal }: Context, { session, security }: OpenCloud, server: string, call: GlanceCall) {
  if (clouds === undefined) throw new Error("a cloud was opened without a door");
  const { path, type, what: _what, ok: _ok, ...request } = call;
  return clouds.request({
    ...request,
    url: `${server}${path}`,
    headers: {
      "x-auth-token": session.token,
      ...(call.body === undefined ? {} : { "content-type": type ?? "application/json" }),
    },
    security,
    signal,
  });
}

/** The image of an answer. Throws an error (`unexpected-answer`) where it is none. */
export function imageOf(answer: WebAnswer): GlanceImage {
  const image = parseGlanceImage(parseJson(answer.body));
  if (image === undefined) throw notUnderstood(answer);
  return image;
}

/** The images of an answer to a list, without entries that are none. Throws an error (`unexpected-answer`) where it is no list. */
export function imagesOf(answer: WebAnswer): readonly GlanceImage[] {
  const { images } = (parseJson(answer.body) ?? {}) as { readonly images?: unknown };
  if (!Array.isArray(images)) throw notUnderstood(answer);
  return images.flatMap((one) => parseGlanceImage(one) ?? []);
}

function notUnderstood({ body }: WebAnswer): CodedError {
  return unexpectedAnswer("Glance", "An image in the form of version 2 was expected.", body.subarray(0, 200).toString("utf8"));
}
