import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloudDoor } from "../../../src/model/cloud-door.ts";
import type { Context } from "../../../src/model/context.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { openCloud } from "../../../src/sources/glance/session.ts";

const start = Date.parse("2030-01-01T00:00:00Z");

/** A Keystone that gives the tokens t1, t2 … of an hour each, or refuses. */
function keystone(): { readonly context: Context; readonly state: { logins: number; now: number; refuses: boolean } } {
  const state = { logins: 0, now: start, refuses: false };
  const door: CloudDoor = {
    environment: { OS_AUTH_URL: "https://ks", OS_USERNAME: "ops", OS_PASSWORD: "p", OS_PROJECT_NAME: "shop" },
    directories: [],
    readText: () => undefined,
    async request() {
      state.logins += 1;
      const token = `t${state.logins}`;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.refuses) return { status: 401, headers: {}, body: Buffer.from("{}") };
      const endpoints = [{ interface: "public", region_id: "R", url: "https://g" }];
      const body = { token: { expires_at: new Date(state.now + 3_600_000).toISOString(), catalog: [{ type: "image", endpoints }] } };
      return { status: 201, headers: { "x-subject-token": token }, body: Buffer.from(JSON.stringify(body)) };
    },
  };
  return { context: { clouds: door, host: { now: () => new Date(state.now) } } as unknown as Context, state };
}

const tokens = async (sessions: readonly ReturnType<typeof openCloud>[]) =>
  (await Promise.all(sessions)).map(({ session }) => session.token);

test("all that use a cloud at the same time log in once", async () => {
  const { context } = keystone();
  assert.deepEqual(await tokens([1, 2, 3].map(() => openCloud(context, null))), ["t1", "t1", "t1"]);
  assert.deepEqual(await tokens([openCloud(context, null)]), ["t1"]);
});

test("a session that has expired or was refused is renewed once for all", async () => {
  const { context, state } = keystone();
  await openCloud(context, null);
  state.now += 3_590_000;
  assert.deepEqual(await tokens([1, 2, 3].map(() => openCloud(context, null))), ["t2", "t2", "t2"]);
  const { session } = await openCloud(context, null);
  assert.deepEqual(await tokens([1, 2, 3].map(() => openCloud(context, null, session))), ["t3", "t3", "t3"]);
  assert.deepEqual(await tokens([openCloud(context, null, session)]), ["t3"]);
});

test("a login that is refused is asked for once by all that wait, and again by the next", async () => {
  const { context, state } = keystone();
  state.refuses = true;
  const ends = await Promise.allSettled([1, 2, 3].map(() => openCloud(context, null)));
  for (const end of ends) assert.ok(end.status === "rejected" && end.reason instanceof CodedError && end.reason.code === "cloud-refused");
  assert.equal(state.logins, 1);
  state.refuses = false;
  assert.deepEqual(await tokens([openCloud(context, null)]), ["t2"]);
});
