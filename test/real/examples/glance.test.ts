import { readFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { startOpenStack } from "../../support/openstack.ts";
import { tinyGuest } from "../support/workspace.ts";
import { tryExample } from "./try-example.ts";

tryExample("glance", { prepare: startGlance });

/** A cloud with the images of the tiny guest, for programs that this process starts. */
async function startGlance(t: TestContext): Promise<void> {
  const cloud = await startOpenStack();
  t.after(cloud.stop);
  for (const [name, path, format, container] of [
    ["tiny-guest", tinyGuest.disk, "qcow2", "bare"],
    ["tiny-kernel", tinyGuest.kernel, "aki", "aki"],
    ["tiny-ramdisk", tinyGuest.ramdisk, "ari", "ari"],
  ] as const)
    await cloud.upload({ name, disk_format: format, container_format: container, min_ram: 128 }, await readFile(path));
  const variables = cloud.environment();
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}
