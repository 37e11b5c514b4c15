import assert from "node:assert/strict";
import { test } from "node:test";
import { serveImages } from "./support/image-server.ts";
import { virtform } from "./support/virtform.ts";
import { assertConverged, assertNoLeftovers, createWorkspace, tinyGuest, tinyImages, virsh, writeConfig } from "./support/workspace.ts";

test("eight applies at once all end well, and each image is fetched once", async (t) => {
  const server = await serveImages(t, Object.values(tinyGuest));
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  await writeConfig(workspace, {
    images: tinyImages(server.url),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "1GiB" } },
    instances: { [name]: { image: "tiny", flavor: "small" } },
  });
  const results = await Promise.all(
    Array.from({ length: 8 }, () => virtform("apply", workspace.directory, "--auto-approve", "--lock-timeout", "300s")),
  );
  for (const result of results) assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.deepEqual(Object.fromEntries(server.requests), { "root.qcow2": 1, vmlinuz: 1, "initramfs.img": 1 });
  assert.equal((await virsh("domstate", name)).trim(), "running");
  await assertConverged(workspace);
  await assertNoLeftovers(workspace);
});

test("an apply that may not wait says who holds the lock", async (t) => {
  const server = await serveImages(t, Object.values(tinyGuest));
  server.hold(100_000);
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { images: tinyImages(server.url) });
  const first = virtform("apply", workspace.directory, "--auto-approve", "--parallelism", "1");
  await server.held;
  const second = await virtform("apply", workspace.directory, "--auto-approve", "--lock-timeout", "0s");
  assert.equal(second.code, 1);
  assert.match(second.stderr, /lock/i);
  assert.match(second.stderr, /pid \d+|process \d+/i, "it names the holder");
  server.release();
  server.hangUp();
  await first;
  const third = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(third.code, 0, third.stdout + third.stderr);
  await assertConverged(workspace);
});
