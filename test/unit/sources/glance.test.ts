import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { type TestContext, test } from "node:test";
import type { WebTrouble } from "../../../src/model/web.ts";
import { glanceClient } from "../../../src/sources/glance/client.ts";
import { stateProblem } from "../../../src/sources/glance/find-image.ts";
import { glancePublisher } from "../../../src/sources/glance/published.ts";
import { glanceSettings } from "../../../src/sources/glance/settings.ts";
import { requireSource } from "../../../src/sources/index.ts";
import type { GlanceImage } from "../../../src/tools/openstack/image.ts";
import { testDirectory } from "../host/directory.ts";
import { startServer } from "../host/web-server.ts";
import { answered, cloudWith, refusal, said } from "./cloud.ts";

const id = "8d66f1b2-0000-4000-8000-000000000001";

/** Replaces the timers of the program by ones that `withoutPauses` advances. */
function replaceTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  // Imports of `node:timers/promises` see the replacement only after this.
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.timers.reset();
    syncBuiltinESMExports();
  });
}

/** Ends all pauses between attempts at once. */
async function withoutPauses<T>(t: TestContext, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  while (!ended) {
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await work;
}

test("Nova GCL-02, GCL-06, GLA-09, GLA-21: each status of Glance has its own code, and the text of the answer; none of these is tried again", async () => {
  for (const [status, code] of [
    [400, "glance-bad-request"],
    [401, "glance-unauthorized"],
    [403, "glance-forbidden"],
    [404, "glance-image-missing"],
    [409, "glance-conflict"],
    [410, "glance-conflict"],
    [413, "glance-quota"],
    [501, "glance-unavailable"],
  ] as const) {
    const { context, seen } = cloudWith(() => answered(status, { message: "because of the test" }));
    const client = glanceClient(context, glanceSettings());
    const text = await refusal(client.call({ method: "GET", path: "/v2/images/x", what: "image x" }));
    assert.match(text, new RegExp(`^${code}: .*image x.*because of the test`), String(status));
    // A token that is refused is renewed, once.
    assert.equal(seen.length, status === 401 ? 2 : 1, String(status));
  }
});

test("Nova GCL-02 … GCL-05: 503 and lost connections are tried again num_retries times, each time at the next server", async (t) => {
  replaceTimers(t);
  const lost: WebTrouble = { trouble: "the connection was closed", hint: "Look.", again: true };
  const servers = { api_servers: ["https://g1", "https://g2"] };
  for (const [section, answer, attempts, reason] of [
    [{ ...servers, num_retries: 0 }, answered(503), 1, "it answers 503"],
    [{ ...servers, num_retries: 2 }, answered(503), 3, "it answers 503"],
    [{ ...servers, num_retries: 2 }, lost, 3, "the connection was closed"],
    [servers, lost, 4, "the connection was closed"],
    [{ ...servers, num_retries: 2 }, { ...lost, again: false }, 1, "the connection was closed"],
  ] as const) {
    const { context, seen } = cloudWith(() => answer, section);
    const call = glanceClient(context, glanceSettings(section)).call({ method: "GET", path: "/x", what: "image x" });
    const text = await withoutPauses(t, refusal(call));
    assert.match(text, new RegExp(`^glance-unavailable: Glance at g[12] cannot be reached: ${reason} `));
    assert.equal(/Tried (\d) times/.exec(text)?.[1], attempts === 1 ? undefined : String(attempts));
    assert.equal(seen.length, attempts);
    for (const [index, one] of seen.entries()) assert.notEqual(one, seen[index - 1], "the same server twice in a row");
  }
  let failures = 2;
  const { context } = cloudWith(() => (failures-- > 0 ? answered(503) : answered(200, {})), servers);
  const call = glanceClient(context, glanceSettings(servers)).call({ method: "GET", path: "/x", what: "image x" });
  assert.equal((await withoutPauses(t, call)).status, 200);
});

/** An image as Glance describes it. */
const described = (status: string) => ({ id, status, name: "golden", disk_format: "raw", container_format: "bare", owner: "p1" });

test("Nova GCL-09: an active image whose content Glance does not have is refused as empty, and no file is left", async (t) => {
  const directory = await testDirectory(t);
  const { origin, seen } = await startServer(t, (_request, response) => response.writeHead(204).end());
  const { context } = cloudWith(() => answered(200, described("active")), {}, origin);
  const request = { source: `glance://${id}`, to: `${directory}/base.part`, digests: ["sha256"] } as const;
  const text = await refusal(requireSource("glance://x").fetch(context, request));
  assert.match(text, /^glance-image-empty: image golden has no data .*Upload its content first/);
  assert.deepEqual(
    seen.map(({ url }) => url),
    [`/v2/images/${id}/file`],
  );
  assert.equal(existsSync(request.to), false);
});

test("Nova GCL-03: glance.num_retries also limits the attempts of a download", async (t) => {
  const directory = await testDirectory(t);
  const { origin, seen } = await startServer(t, (_request, response) => response.writeHead(503).end());
  const { context } = cloudWith(() => answered(200, described("active")), { num_retries: 0 }, origin);
  const request = { source: `glance://${id}`, to: `${directory}/base.part`, digests: ["sha256"] } as const;
  assert.match(await refusal(requireSource("glance://x").fetch(context, request)), /^download-failed: .*the server answers 503/);
  assert.equal(seen.length, 1);
});

/** The states of an image in Glance and the moves between them (Nova GLA-10). */
const moves: Readonly<Record<string, readonly string[]>> = {
  queued: ["saving", "uploading", "importing", "active", "deleted"],
  saving: ["active", "killed", "deleted", "queued"],
  uploading: ["importing", "queued", "deleted"],
  importing: ["active", "deleted", "queued"],
  active: ["pending_delete", "deleted", "deactivated"],
  killed: ["deleted"],
  pending_delete: ["deleted", "active"],
  deactivated: ["active", "deleted"],
  deleted: [],
};

test("Nova GLA-10: an image is fetched when it is active, and in every other state the error names the state and what to do", () => {
  for (const status of Object.keys(moves)) {
    const problem = stateProblem({ id, name: "golden", status } as GlanceImage);
    if (status === "active") {
      assert.equal(problem, undefined);
      assert.equal(stateProblem({ id, name: "golden", status, size: 0 } as GlanceImage)?.code, "glance-image-empty");
    } else {
      assert.equal(problem?.code, "glance-image-not-active", status);
      assert.match(problem.summary, new RegExp(` is ${status}$`));
      assert.match(problem.detail, /[Uu]pload it|Upload its|Wait until|another image/, status);
    }
  }
});

/** A Glance with one image, which refuses a move that is not in the graph. `then`: where each upload that reached the image ends. */
function glanceWithImage(status: string, then: readonly string[], whileSaving: readonly string[] = []) {
  const image = { status, history: [status] };
  const move = (to: string) => {
    if (moves[image.status]?.includes(to) !== true) return false;
    image.status = to;
    image.history.push(to);
    return true;
  };
  const ends = [...then];
  const others = [...whileSaving];
  const { context, seen } = cloudWith((request) => {
    if (request.method === "GET") {
      const next = image.status === "saving" ? others.shift() : undefined;
      if (next !== undefined) assert.ok(move(next));
      return image.status === "deleted" ? answered(404) : answered(200, described(image.status));
    }
    assert.equal(request.method, "PUT");
    if (image.status !== "queued" || !move("saving")) return answered(409);
    const end = ends.shift() ?? "active";
    if (end !== "saving") assert.ok(move(end));
    if (end === "queued" || end === "saving") return { trouble: "the connection was closed", hint: "", again: true };
    return answered(end === "active" ? 204 : 410);
  });
  const content = { bytes: 1, read: async function* () {} };
  const upload = (found: { readonly id: string; readonly status: string }) =>
    glancePublisher(context).upload(found as GlanceImage, content, () => undefined);
  return { image, seen, upload: () => upload({ id, status }) };
}

test("Nova GLA-10, GLA-12: an upload makes only moves that Glance allows, waits while another client uploads, and repeats what broke", async (t) => {
  replaceTimers(t);
  const uploaded = async (...args: Parameters<typeof glanceWithImage>) => {
    const { image, seen, upload } = glanceWithImage(...args);
    const end = await withoutPauses(
      t,
      upload().then(({ status }) => status, said),
    );
    return [end.replace(/:.*/s, ""), image.history.join(" "), seen.filter((line) => line.startsWith("PUT")).length];
  };
  assert.deepEqual(await uploaded("queued", ["active"]), ["active", "queued saving active", 1]);
  assert.deepEqual(await uploaded("queued", ["queued", "active"]), ["active", "queued saving queued saving active", 2]);
  const settles = ["queued saving queued saving active", 3];
  assert.deepEqual(
    await uploaded("queued", ["saving", "active"], ["queued"]),
    ["active", ...settles],
    "Glance still reports the lost upload as running at first",
  );
  assert.deepEqual(await uploaded("queued", ["deleted"]), ["glance-image-missing", "queued saving deleted", 1]);
  assert.deepEqual(await uploaded("saving", [], ["active"]), ["active", "saving active", 0]);
  assert.deepEqual(await uploaded("saving", ["active"], ["queued"]), ["active", "saving queued saving active", 1]);
  assert.deepEqual(await uploaded("saving", [], ["killed"]), ["killed", "saving killed", 0]);
  for (const status of ["active", "deactivated", "killed", "pending_delete", "uploading", "importing"])
    assert.deepEqual(await uploaded(status, []), [status, status, 0], "nothing is uploaded to it");
});
