import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { stringify } from "yaml";
import { startPrivateLibvirt } from "../../support/private-libvirt.ts";
import { checkout } from "../../support/virtform.ts";
import { createWorkspace, guestImages, haltingGuest } from "../../support/workspace.ts";

test("split daemons: apply, empty plan and destroy of a guest with a network and an encrypted disk, through the socket of each driver", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, prefix } = workspace;
  const { run } = await startPrivateLibvirt(t, directory, { split: true });
  const inside = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await run(words);
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  };
  const virsh = (...words: readonly string[]) => inside("virsh", "-q", "-c", "qemu:///system?socket=/run/libvirt/virtqemud-sock", ...words);
  const virtform = (...words: readonly string[]) => inside(process.execPath, `${checkout}bin/virtform.js`, ...words, directory);

  const network = '<network><name>vtsplit</name><bridge name="vtsplit0"/><ip address="10.213.7.1" netmask="255.255.255.0"/></network>';
  await writeFile(`${directory}/network.xml`, network);
  const ofNetworks = ["virsh", "-q", "-c", "network:///system?socket=/run/libvirt/virtnetworkd-sock"];
  await inside(...ofNetworks, "net-define", `${directory}/network.xml`);
  await inside(...ofNetworks, "net-start", "vtsplit");
  await writeFile(`${directory}/passphrase`, "a passphrase of a test\n", { mode: 0o600 });
  const written = {
    project: workspace.project,
    host: { uri: "qemu:///system", instances_path: workspace.instancesPath, virt_type: "qemu" },
    images: guestImages(await haltingGuest(directory)),
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
    volumes: { [`${prefix}-data`]: { size: "16MiB", encryption: { passphrase: { file: `${directory}/passphrase` } } } },
    instances: {
      [`${prefix}-web`]: { image: "tiny", flavor: "small", networks: [{ network: "vtsplit" }], volumes: [{ volume: `${prefix}-data` }] },
    },
  };
  await writeFile(`${directory}/virtform.yaml`, stringify(written));

  const trace = await virtform("apply", "--auto-approve", "--trace");
  for (const socket of ["virtqemud-sock", "virtsecretd-sock"]) assert.match(trace, new RegExp(socket), trace.slice(-3000));
  assert.match(await virsh("list", "--name"), new RegExp(`${prefix}-web`));
  assert.match(await virtform("plan", "--detailed-exitcode"), /^No changes\./m);
  assert.match(await virtform("doctor"), /^ok +libvirt: /m);
  await virtform("destroy", "--auto-approve", "--allow-destroy");
  assert.equal((await virsh("list", "--all", "--name")).trim(), "");
  assert.equal((await inside("virsh", "-q", "-c", "secret:///system?socket=/run/libvirt/virtsecretd-sock", "secret-list")).trim(), "");
});
