import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { CloudDoor } from "../../src/model/cloud-door.ts";
import { plan } from "../../src/reconcile.ts";
import type { Machine } from "../fake-host/machine.ts";
import { type FakeGlance, fakeGlance } from "./fake-glance.ts";
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
