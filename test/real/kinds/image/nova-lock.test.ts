import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLocalHost } from "../../../../src/host/local/local.ts";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { withBaseLock } from "../../../../src/kinds/image/base-lock.ts";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { Context } from "../../../../src/model/context.ts";
import { UserError } from "../../../../src/model/errors.ts";
import type { Host } from "../../../../src/model/host.ts";
import type { Json } from "../../../../src/model/json.ts";
import { startSshd } from "../../ssh/sshd.ts";
import { until } from "../../support/until.ts";
import { imageOf, temporary } from "./images.ts";
import { imageSpec, machine } from "./machine.ts";

// oslo.concurrency is part of Keystone and Glance of the tests.
const python = fileURLToPath(new URL("../../../../.cache/openstack/venv/bin/python", import.meta.url));
const script = fileURLToPath(new URL("nova-lock.py", import.meta.url));

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const remote = createSshHost(sshd.target);
const local = createLocalHost();
after(() => Promise.all([remote.close(), local.close()]));
const hosts: readonly (readonly [string, Host])[] = [
  ["on this machine", local],
  ["over ssh", remote],
];

const entry = "0d5e6b61602d758984b3bf038267614d6016eb2a";

/** A process that locks an entry as nova-compute does. Its output says "held" once it has the lock. */
function nova(locks: string, name = entry) {
  const child = spawn(python, [script, locks, name], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return {
    holds: () => said.includes("held"),
    release: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
    kill: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

const held = (other: ReturnType<typeof nova> | undefined) => until("lock of Nova", 30, () => (other?.holds() === true ? true : undefined));
const locked = (error: unknown) => error instanceof UserError && /^Locked by another program .* such as nova-compute/.test(error.message);

function on(t: Parameters<typeof machine>[0], host: Host): Context {
  const context = { ...machine(t), host };
  mkdirSync(context.layout.locks, { recursive: true });
  return context;
}

for (const [where, host] of hosts) {
  test(`while Nova works on a base image, virtform ${where} waits for it, and names it when the time is up`, async (t) => {
    const context = on(t, host);
    const other = nova(context.layout.locks);
    t.after(other.kill);
    await held(other);
    await assert.rejects(
      withBaseLock(context, entry, "fetch of image debian", async () => assert.fail("both are inside"), 0),
      locked,
    );
    const order: string[] = [];
    const ours = withBaseLock(context, entry, "fetch of image debian", async () => void order.push("virtform"), 20_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push("nova ends");
    await other.release();
    await ours;
    assert.deepEqual(order, ["nova ends", "virtform"]);
    // The lock file stays, empty, because Nova may have it open.
    assert.deepEqual(readdirSync(context.layout.locks), [`nova-${entry}`]);
    assert.equal(statSync(context.layout.lock(`nova-${entry}`)).size, 0);
  });

  test(`while virtform ${where} works on a base image, Nova waits for it`, async (t) => {
    const context = on(t, host);
    let other: ReturnType<typeof nova> | undefined;
    await withBaseLock(context, entry, "fetch of image debian", async () => {
      other = nova(context.layout.locks);
      t.after(other.kill);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal(other.holds(), false, "both are inside");
    });
    await held(other);
  });

  test(`a Nova that was killed leaves no lock for virtform ${where}`, async (t) => {
    const context = on(t, host);
    const other = nova(context.layout.locks);
    await held(other);
    await other.kill();
    assert.equal(await withBaseLock(context, entry, "fetch", async () => 42, 0), 42);
  });

  test(`the lock file is the owner's of the directory of locks, ${where}`, async (t) => {
    const context = on(t, host);
    chownSync(context.layout.locks, 64055, 64055);
    await withBaseLock(context, entry, "fetch", async () => undefined, 0);
    const { uid, gid } = statSync(context.layout.lock(`nova-${entry}`));
    assert.deepEqual([uid, gid], [64055, 64055]);
  });

  test(`a lock file that Nova removed meanwhile is made again, ${where}`, async (t) => {
    const context = on(t, host);
    await withBaseLock(context, entry, "fetch", async () => undefined, 0);
    rmSync(context.layout.lock(`nova-${entry}`));
    const other = nova(context.layout.locks);
    t.after(other.kill);
    await held(other);
    await assert.rejects(
      withBaseLock(context, entry, "fetch", async () => assert.fail("both are inside"), 0),
      locked,
    );
  });
}

test("a lock file with content is an error that names it", async (t) => {
  const context = on(t, local);
  writeFileSync(context.layout.lock(`nova-${entry}`), "not a lock file, and longer than any header of a database ".repeat(50));
  await assert.rejects(
    withBaseLock(context, entry, "fetch", async () => undefined, 0),
    /nova-0d5e6b61602d758984b3bf038267614d6016eb2a cannot be locked/,
  );
  assert.deepEqual(readdirSync(context.layout.locks), [`nova-${entry}`]);
});

test("an image is not fetched while Nova makes the same base image", async (t) => {
  const context = on(t, local);
  const spec = imageSpec(imageOf(temporary(t), "qcow2"));
  const other = nova(context.layout.locks, spec.entry);
  t.after(other.kill);
  await held(other);
  const fetching = fetchImage.run(context, spec as unknown as Json, () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.deepEqual(readdirSync(context.layout.base), [], "nothing is made while Nova has the lock");
  await other.release();
  await fetching;
  assert.deepEqual(readdirSync(context.layout.base), [spec.entry, `${spec.entry}.json`]);
});
