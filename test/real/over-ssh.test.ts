import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { descendants, nameOf, startSshd } from "../ssh/sshd.ts";
import { until } from "./support/until.ts";
import { ended, start, virtform, virtformEvents } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;

async function prepare(t: Parameters<typeof createWorkspace>[0]) {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  await writeConfig(workspace, {
    host: { uri: sshd.uri },
    images: tinyImages(),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "256MiB" } },
    instances: { [name]: { image: "tiny", flavor: "small", user_data: "over ssh" } },
  });
  return { workspace, name };
}

test("a guest on a host over ssh is planned, made, reached by its console, planned empty and destroyed", async (t) => {
  const { workspace, name } = await prepare(t);
  const planned = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(planned.code, 2, planned.stderr);
  await apply(workspace);
  await assertConverged(workspace);
  const markers = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.equal(markers.userData, "over ssh");
  assert.equal(markers.value("uuid"), (await virsh("domuuid", name)).trim());
  await assertNoLeftovers(workspace);
  const destroyed = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr);
  assert.equal((await virsh("list", "--all", "--name")).includes(name), false);
});
