import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { stringify } from "yaml";
import { createOrdinaryUser } from "../../support/ordinary-user.ts";
import { runProgram } from "../../support/virtform.ts";
import { guestImages, haltingGuest } from "../../support/workspace.ts";

test("an ordinary user's session libvirt is started when it is absent: plan, apply, empty plan, destroy", async (t) => {
  const user = await createOrdinaryUser(t);
  const site = `${user.home}/site`;
  const run = async (words: readonly string[]) => {
    const { code, stdout, stderr } = await user.run(words);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  await run(user.words("mkdir", [site]));
  const written = {
    project: "session",
    host: { virt_type: "qemu" },
    images: guestImages(await haltingGuest(site)),
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
    instances: { web: { image: "tiny", flavor: "small" } },
  };
  await writeFile(`${site}/virtform.yaml`, stringify(written));
  const daemons = async () => (await runProgram("pgrep", ["-u", user.name, "-x", "libvirtd|virtqemud"])).stdout;
  const virtform = (...args: readonly string[]) => run(user.virtform([...args, site]));

  assert.equal(await daemons(), "");
  assert.match(await virtform("plan"), /\+ domain\/web will be created/);
  assert.notEqual(await daemons(), "", "the daemon of the session runs");
  await virtform("apply", "--auto-approve");
  assert.match(await run(user.words("virsh", ["-q", "-c", "qemu:///session", "list", "--name"])), /^web$/m);
  assert.match(await virtform("plan", "--detailed-exitcode"), /^No changes\./m);
  assert.match(await virtform("list"), /^web +active/m);
  await virtform("destroy", "--auto-approve", "--allow-destroy");
  assert.equal((await run(user.words("virsh", ["-q", "-c", "qemu:///session", "list", "--all", "--name"]))).trim(), "");
});
