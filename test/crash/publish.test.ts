import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { CloudDoor } from "../../src/model/cloud-door.ts";
import type { WebAnswer, WebRequest } from "../../src/model/web.ts";
import { plan } from "../../src/reconcile.ts";
import type { Machine } from "../fake-host/machine.ts";
import { answered, cloudWith } from "../unit/sources/cloud.ts";
import { apply, createWorld, runOn } from "./world.ts";

const content = Buffer.concat([Buffer.alloc(4096), Buffer.alloc(60 * 1024, "golden image ")]);
const checksum = createHash("sha256").update(content).digest("hex");
const yaml = `project: shop
host: { virt_type: qemu }
images:
  golden:
    source: https://images.test/golden.raw
    disk_format: raw
    checksum: "sha256:${checksum}"
    publish: { glance: { visibility: community, tags: [gold], properties: { build: "7" } } }
`;

interface Stored {
  readonly id: string;
  readonly [field: string]: unknown;
}

type FakeGlance = ReturnType<typeof fakeGlance>;

interface GlanceState {
  images: Stored[];
  requests: string[];
  /** What is kept of an upload. */
  stores: (sent: Buffer) => Buffer;
  /** What happens on the host when a request of this method comes. */
  meanwhile: (method: string) => void;
  /** It does not let this user list images. */
  refuses: boolean;
  /** The request at which the apply ends: before it reached Glance, or before its answer came back. */
  killed: { readonly index: number; readonly when: "before" | "after" } | undefined;
}

/** Glance with the images that are created in it. */
function fakeGlance() {
  const state: GlanceState = {
    images: [],
    requests: [],
    stores: (sent) => sent,
    meanwhile: () => undefined,
    killed: undefined,
    refuses: false,
  };
  const change = (id: string, fields: object): Stored | undefined => {
    state.images = state.images.map((one) => (one.id === id ? { ...one, ...fields } : one));
    return state.images.find((one) => one.id === id);
  };
  const answer = async ({ method, url, body }: WebRequest): Promise<WebAnswer> => {
    const [, id = ""] = /^\/v2\/images\/([^/]+)/.exec(new URL(url).pathname) ?? [];
    state.meanwhile(method);
    if (state.refuses) return answered(403);
    const sent = typeof body === "string" ? JSON.parse(body) : undefined;
    if (method === "POST") {
      if (state.images.some((one) => one.id === sent.id)) return answered(409);
      const image: Stored = { owner: "p1", ...sent, status: "queued" };
      state.images.push(image);
      return answered(201, image);
    }
    if (id === "") return answered(200, { images: state.images });
    const image = state.images.find((one) => one.id === id);
    if (image === undefined) return answered(404);
    if (method === "DELETE") {
      state.images = state.images.filter((one) => one !== image);
      return answered(204);
    }
    if (method === "PATCH") {
      const patch = sent as readonly { readonly path: string; readonly value: unknown }[];
      return answered(200, change(id, Object.fromEntries(patch.map(({ path, value }) => [path.slice(1), value]))) ?? {});
    }
    if (method === "PUT") {
      const pieces: Uint8Array[] = [];
      if (typeof body === "object") for await (const piece of body.read()) pieces.push(piece);
      const kept = state.stores(Buffer.concat(pieces));
      const hash = createHash("sha512").update(kept).digest("hex");
      change(id, { status: "active", size: kept.length, os_hash_algo: "sha512", os_hash_value: hash });
      return answered(204);
    }
    return answered(200, image);
  };
  const { context } = cloudWith(async (request) => {
    const index = state.requests.length;
    state.requests.push(`${request.method} ${new URL(request.url).pathname.replace(/[0-9a-f-]{36}/, "ID")}`);
    const { killed } = state;
    // A process that was killed sends nothing more.
    if (killed !== undefined && (index > killed.index || (index === killed.index && killed.when === "before"))) throw new Error("killed");
    const result = await answer(request);
    if (index === killed?.index) throw new Error("killed");
    return result;
  });
  return { state, context };
}

/** Applies once with this Glance; gives the codes of the actions that failed. */
async function publish(machine: Machine, { context: { clouds } }: FakeGlance): Promise<string[]> {
  const { outcomes } = await apply(await runWith(machine, clouds));
  return outcomes.flatMap(({ diagnostics: [first] }) => (first === undefined ? [] : [first.code]));
}

async function runWith(machine: Machine, clouds: CloudDoor | undefined) {
  const run = await runOn(machine.boot(), yaml);
  return { ...run, context: { ...run.context, ...(clouds === undefined ? {} : { clouds }) } };
}

const start = () => {
  const machine = createWorld();
  machine.urls.set("https://images.test/golden.raw", content);
  return machine;
};

/** The image is in Glance as it should be, once, and the next plan is empty. */
async function assertPublished(machine: Machine, glance: FakeGlance, message?: string): Promise<void> {
  const { images } = glance.state;
  assert.deepEqual(
    images.map(({ status, visibility, tags, build }) => [status, visibility, tags, build]),
    [["active", "community", ["gold"], "7"]],
    message,
  );
  const { changes, diagnostics } = await plan([await runWith(machine, glance.context.clouds)]);
  assert.deepEqual([changes.length, diagnostics.filter(({ severity }) => severity === "error")], [0, []], message);
}

test("while Glance refuses to say what it has, the published image is left out and the rest is done", async () => {
  const machine = start();
  const glance = fakeGlance();
  glance.state.refuses = true;
  const run = async (exclude: readonly string[]) => ({ ...(await runWith(machine, glance.context.clouds)), exclude });
  const whole = await apply(await run([]));
  assert.equal(whole.verdict, "refused");
  assert.match(JSON.stringify(whole.plan.diagnostics), /`virtform apply --exclude published\/golden`/);
  const { verdict, plan: made } = await apply(await run(["published/golden"]));
  assert.deepEqual(
    [verdict, made.changes.map(({ address }) => address), made.diagnostics.map(({ severity, address }) => `${severity} ${address}`)],
    ["done", ["image/golden"], ["warning published/golden"]],
  );
  glance.state.refuses = false;
  assert.deepEqual(await publish(machine, glance), []);
  await assertPublished(machine, glance);
});

test("an image that Glance stores with other bytes than were uploaded is removed there, and the next apply publishes it", async () => {
  const machine = start();
  const glance = fakeGlance();
  glance.state.stores = (sent) => Buffer.concat([sent, Buffer.from("!")]);
  assert.deepEqual(await publish(machine, glance), ["published-image-damaged"]);
  assert.deepEqual(glance.state.images, []);
  glance.state.stores = (sent) => sent;
  assert.deepEqual(await publish(machine, glance), []);
  await assertPublished(machine, glance);
});

test("an apply that is killed before or after any request to Glance is completed by the next one, and there is one image", async () => {
  const calm = fakeGlance();
  assert.deepEqual(await publish(start(), calm), []);
  const { requests } = calm.state;
  assert.ok(requests.includes("POST /v2/images") && requests.includes("PUT /v2/images/ID/file"), requests.join("\n"));
  for (const when of ["before", "after"] as const) {
    for (const [index, request] of requests.entries()) {
      const machine = start();
      const glance = fakeGlance();
      glance.state.killed = { index, when };
      await publish(machine, glance).catch(() => undefined);
      assert.ok(glance.state.requests.length > index, `request ${index} is not reached`);
      glance.state.killed = undefined;
      const message = `killed ${when} ${request} (request ${index})`;
      assert.deepEqual(await publish(machine, glance), [], message);
      await assertPublished(machine, glance, message);
    }
  }
});

test("a base image that is missing when it is to be uploaded, or during that, is named, and the next apply publishes it", async () => {
  for (const when of ["POST", "PUT"]) {
    const machine = start();
    const glance = fakeGlance();
    glance.state.meanwhile = (method) => {
      if (method !== when) return;
      for (const [path] of machine.files.walk()) if (/\/_base\/[0-9a-f]{40}$/.test(path)) machine.files.unlink(path);
    };
    assert.deepEqual(await publish(machine, glance), ["published-base-missing"], when);
    glance.state.meanwhile = () => undefined;
    assert.deepEqual(await publish(machine, glance), [], when);
    await assertPublished(machine, glance, when);
  }
});
