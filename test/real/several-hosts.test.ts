import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { after, type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { startSshd } from "./ssh/sshd.ts";
import { virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { mustRun, virtform as virtformProcess } from "./support/virtform.ts";
import { createWorkspace, haltingGuest, type Workspace } from "./support/workspace.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;

/** Keys of the network of the guest on each host; both have the addresses of another machine, as this machine is both hosts. */
interface Lan {
  readonly network: string;
  readonly subnet: string;
  readonly mtu?: number;
}

/**
 * The configuration of a host with one guest, in a network and a security group of its own. Both hosts of this test are this machine, with instances paths of
 * their own.
 */
async function writeHost(workspace: Workspace, uri: string, guest: string, { network, subnet, mtu }: Lan): Promise<string> {
  const { disk, kernel, ramdisk } = await haltingGuest(workspace.directory);
  const file = `${workspace.directory}/virtform.yaml`;
  const written = {
    project: workspace.project,
    host: { uri, instances_path: workspace.instancesPath, virt_type: "qemu", allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } },
    images: {
      tiny: { source: disk, disk_format: "qcow2", kernel: "kernel", ramdisk: "ramdisk" },
      kernel: { source: kernel, disk_format: "aki" },
      ramdisk: { source: ramdisk, disk_format: "ari" },
    },
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
    networks: { [network]: { type: "isolated", subnets: [{ cidr: `${subnet}.0/24` }], ...(mtu === undefined ? {} : { mtu }) } },
    security_groups: { web: { rules: [{ protocol: "tcp", ports: 80 }] } },
    instances: {
      [guest]: { image: "tiny", flavor: "small", networks: [{ network, addresses: [`${subnet}.10`] }], security_groups: ["web"] },
    },
  };
  await writeFile(file, stringify(written));
  return file;
}

async function twoHosts(t: TestContext) {
  const [here, there] = [await createWorkspace(t), await createWorkspace(t)];
  const guests = { here: `${here.prefix}-web`, there: `${there.prefix}-web` };
  const octet = randomInt(100, 250);
  const lan = {
    here: { network: `${here.prefix}-lan`, subnet: `10.${octet}.${randomInt(1, 120)}` },
    there: { network: `${there.prefix}-lan`, subnet: `10.${octet}.${randomInt(121, 250)}` },
  };
  t.after(() => removeNetworks(lan.here.network, lan.there.network));
  const change = (mtu?: number) => writeHost(there, sshd.uri, guests.there, { ...lan.there, ...(mtu === undefined ? {} : { mtu }) });
  const hosts = ["--host", `here=${await writeHost(here, "qemu:///system", guests.here, lan.here)}`, "--host", `there=${await change()}`];
  const run = async (...args: readonly string[]) => {
    const result = await virtform(...args, ...hosts);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    return result.stdout;
  };
  return { run, guests, hosts, lan, change };
}

const isRunning = async (name: string) => (await mustRun("virsh", ["-q", "-c", "qemu:///system", "domstate", name])).trim() === "running";

test("a host of this machine and one over ssh: apply, empty plan, list, doctor, stop and start of one guest, destroy", async (t) => {
  const { run, guests, hosts, lan, change } = await twoHosts(t);
  // In a process of its own, which has to end by itself: nothing may wait for either host any longer.
  const applied = await virtformProcess("apply", "--auto-approve", ...hosts);
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  assert.deepEqual([await isRunning(guests.here), await isRunning(guests.there)], [true, true]);
  assert.match(await run("plan", "--detailed-exitcode"), /^No changes\./m);
  const listed = await run("list");
  assert.match(listed, new RegExp(`^here +${guests.here} +active`, "m"));
  assert.match(listed, new RegExp(`^there +${guests.there} +active`, "m"));
  assert.match(await run("show"), new RegExp(`there/domain/${guests.there}`));
  assert.match(await run("show", guests.there), new RegExp(`^there/domain/${guests.there}:$`, "m"));
  assert.match(await run("image", "list"), /^here +tiny +active[\s\S]*^there +tiny +active/m);
  const checked = await virtform("doctor", ...hosts);
  assert.match(checked.stdout, /^ok +here: libvirt: [\s\S]*^ok +there: ssh: [\s\S]*^ok +there: libvirt: /m);
  await run("console", guests.there);

  const networks = await run("list", "--networks");
  for (const name of ["here", "there"] as const)
    assert.match(
      networks,
      new RegExp(`^${name} +${lan[name].network} +active +isolated +brq\\S+ +${lan[name].subnet}\\.0/24 +${guests[name]}$`, "m"),
    );
  const bindings = await mustRun("virsh", ["-q", "-c", "qemu:///system", "nwfilter-binding-list"]);
  for (const guest of Object.values(guests)) assert.match(bindings, new RegExp(`:port:${guest}-`), bindings);
  // The network over ssh is restarted, and the guest connected to it again there.
  await change(1400);
  assert.match(await run("plan"), new RegExp(`~ there/network/${lan.there.network} [\\s\\S]*then reconnect ${guests.there}`));
  await run("apply", "--auto-approve");
  assert.match(await run("plan", "--detailed-exitcode"), /^No changes\./m);

  // The guest ignores the power button, and is powered off after its time.
  await mustRun("virsh", ["-q", "-c", "qemu:///system", "destroy", guests.there]);
  await run("start", `there/${guests.there}`, "--auto-approve");
  assert.deepEqual([await isRunning(guests.here), await isRunning(guests.there)], [true, true]);
  await mustRun("virsh", ["-q", "-c", "qemu:///system", "destroy", guests.here]);
  const drifted = await virtform("drift", ...hosts);
  assert.equal(drifted.code, 2, drifted.stdout + drifted.stderr);
  assert.match(drifted.stdout, new RegExp(`~ here/domain/${guests.here} `));

  await mustRun("virsh", ["-q", "-c", "qemu:///system", "destroy", guests.there]);
  await run("destroy", "--auto-approve", "--allow-destroy", "--images");
  const left = await mustRun("virsh", ["-q", "-c", "qemu:///system", "list", "--all", "--name"]);
  assert.ok(!left.includes(guests.here) && !left.includes(guests.there), left);
  const kept = await mustRun("virsh", ["-q", "-c", "qemu:///system", "net-list", "--all", "--name"]);
  assert.ok(!kept.includes(lan.here.network) && !kept.includes(lan.there.network), kept);
});
