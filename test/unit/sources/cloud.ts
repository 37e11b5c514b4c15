import assert from "node:assert/strict";
import { download } from "../../../src/host/web/download.ts";
import type { CloudDoor } from "../../../src/model/cloud-door.ts";
import type { Context } from "../../../src/model/context.ts";
import { CodedError } from "../../../src/model/errors.ts";
import type { WebAnswer, WebRequest, WebTrouble } from "../../../src/model/web.ts";
import { type GlanceSection, glanceSettings } from "../../../src/sources/glance/settings.ts";

/** A server: the answer to each request. */
type Answer = (request: WebRequest) => WebAnswer | WebTrouble | Promise<WebAnswer | WebTrouble>;

/** An answer with this body: an object as JSON. */
export const answered = (status: number, body: object | string = ""): WebAnswer => ({
  status,
  headers: {},
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
});

/**
 * A session whose Keystone accepts every login and whose Glance answers with `glance`; `seen` has the requests to it: `GET g1/v2/…`. `more`: further
 * services of the catalogue, whose requests go to `glance` as well.
 */
export function cloudWith(glance: Answer, section: GlanceSection = {}, endpoint = "https://g1", more: readonly object[] = []) {
  const seen: string[] = [];
  const clouds: CloudDoor = {
    environment: { OS_AUTH_URL: "https://ks", OS_USERNAME: "ops", OS_PASSWORD: "p", OS_PROJECT_NAME: "shop" },
    directories: [],
    readText: () => undefined,
    async request(request) {
      if (request.url.startsWith("https://ks")) {
        const endpoints = [{ interface: "public", region_id: "R", url: endpoint }];
        const token = { expires_at: "2030-01-01T01:00:00Z", project: { id: "p1" }, catalog: [{ type: "image", endpoints }, ...more] };
        return { ...answered(201, { token }), headers: { "x-subject-token": "t" } };
      }
      seen.push(`${request.method} ${request.url.replace("https://", "")}`);
      return await glance(request);
    },
  };
  const host = { now: () => new Date("2030-01-01T00:00:00Z"), download };
  const settings = { drivers: { glance: glanceSettings(section) } };
  const context = { clouds, host, settings, signal: new AbortController().signal } as unknown as Context;
  return { context, seen };
}

/** What an error says to people and to programs. */
export const said = (error: unknown): string => {
  assert.ok(error instanceof CodedError, String(error));
  return `${error.code}: ${error.diagnostics[0]?.summary} ${error.diagnostics[0]?.detail ?? ""}`;
};

/** What the error of `work` says. */
export const refusal = async (work: Promise<unknown>): Promise<string> =>
  said(
    await work.then(
      () => assert.fail("it succeeded"),
      (error: unknown) => error,
    ),
  );
