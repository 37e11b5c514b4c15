import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import type { Host } from "../../src/model/host.ts";
import { canApply } from "../../src/model/plan.ts";
import { plan } from "../../src/reconcile.ts";
import { onlyHost, openSession, readConfig } from "../../src/session.ts";
import { masters, startSshd } from "./ssh/sshd.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { ended, killedAtStep, mustRun, runProgram, start, virtform as virtformProcess } from "./support/virtform.ts";
import {
  assertNoLeftovers,
  createWorkspace,
  guestImages,
  haltingGuest,
  readMarkers,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const surroundings = { runner: { root: true, dataHome: "/root/.local/share" }, lookUpSecret: () => undefined };

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;

async function prepare(t: Parameters<typeof createWorkspace>[0], kind: "Linux" | "halts" = "Linux") {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const images = kind === "Linux" ? tinyImages() : guestImages(await haltingGuest(workspace.directory));
  const write = (userData: string, networks: readonly object[] = []) =>
    writeConfig(workspace, {
      host: { uri: sshd.uri },
      images,
      flavors: { small: { vcpus: 1, ram: "192MiB", disk: "256MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", user_data: userData, networks } },
    });
  await write("over ssh");
  return { workspace, name, write };
}

test("a guest on a host over ssh is planned, made, reached by its console, planned empty and destroyed", async (t) => {
  const { workspace, name, write } = await prepare(t);
  const { directory } = workspace;
  const bridge = `vtsb${randomInt(100_000)}`;
  await mustRun("ip", ["link", "add", bridge, "type", "bridge"]);
  t.after(() => runProgram("ip", ["link", "del", bridge]));
  await mustRun("ip", ["link", "set", bridge, "up"]);
  const [program, asked] = [`${directory}/port-up`, `${directory}/asked`];
  const script = `#!/bin/sh
parent=$PPID
while [ "$parent" -gt 1 ]; do
  parents="$parents $(cat /proc/$parent/comm)"
  parent=$(ps -o ppid= -p "$parent" | tr -d " ")
done
echo "$VIRTFORM_INSTANCE $VIRTFORM_INTERFACE$parents" >>${asked}
[ "$(wc -l <${asked})" -ge 2 ]
`;
  await writeFile(program, script, { mode: 0o755 });
  const networks = [{ bridge, ready: ["bridge", { command: [program] }] }];
  await write("over ssh", networks);
  // In a process of its own, which has to end by itself: nothing may wait for the host any longer.
  const planned = await virtformProcess("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(planned.code, 2, planned.stderr);
  assert.match(planned.stdout, /pushed from here, 326KiB/);
  await apply(workspace);
  await assertConverged(workspace);
  // The program of `ready` runs on the host, below its sshd, and is run again until it succeeds.
  const lines = (await readFile(asked, "utf8")).trim().split("\n");
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, new RegExp(`^${name} tap[0-9a-f]{8}-[0-9a-f]{2} .*\\bsshd\\b`));
  const markers = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.equal(markers.userData, "over ssh");
  assert.equal(markers.value("uuid"), (await virsh("domuuid", name)).trim());
  await write("changed", networks);
  assert.match((await virtform("plan", workspace.directory)).stdout, /~ user_data +over ssh → changed/, "it is read from the drive");
  await assertNoLeftovers(workspace);
  const destroyed = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr);
  assert.equal((await virsh("list", "--all", "--name")).includes(name), false);
});

// What differs over ssh is how files get there; libvirt does the same for any client.
for (const step of ["apply_start", "apply_complete"].flatMap((end) =>
  ["image.fetch", "disk.create", "seed.build"].map((type) => `${end} ${type}`),
)) {
  test(`killed over ssh at ${step}, it converges when run again`, async (t) => {
    const { workspace, name } = await prepare(t, "halts");
    await killedAtStep(["apply", workspace.directory, "--auto-approve"], step);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal((await virsh("domstate", name)).trim(), "running");
    await assertNoLeftovers(workspace);
    const locks = readdirSync(`${workspace.instancesPath}/locks`).filter(
      (file) => file !== `project-${workspace.project}.json` && !/^nova-[0-9a-f]{40}$/.test(file),
    );
    assert.deepEqual(locks, [], "no lock is left");
  });
}

test("a connection that is cut while planning is an error, and nothing is taken for absent", async (t) => {
  const { workspace } = await prepare(t, "halts");
  await apply(workspace);
  const child = start(["plan", workspace.directory, "--json"]);
  const end = ended(child, 60_000);
  // A login that ends before the program needs it is made again, once.
  const cutAll = async () => {
    for (const pid of masters(child.pid ?? 0)) killIfThere(pid);
    return child.exitCode === null ? undefined : true;
  };
  await until("the end of the plan, whose connections are cut", 60, cutAll, undefined, 20);
  const result = await end;
  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /lost|cannot be reached/);
  assert.doesNotMatch(result.stdout, /"action":"create"/);

  // The same at the very moment when the instances are looked at.
  await using session = await openSession(await readConfig([workspace.directory]), surroundings);
  const { context: opened, ...rest } = onlyHost(session);
  const { host } = opened;
  // Logged in already: what is cut is a connection that works.
  await host.account();
  const known = () => masters(process.pid);
  const files: Host["files"] = {
    ...host.files,
    readMany: async (requests) => {
      for (const pid of known()) killIfThere(pid);
      await until("the end of the connection", 10, async () => (known().length === 0 ? true : undefined));
      return host.files.readMany(requests);
    },
  };
  const context = { ...opened, host: { ...host, files, lock: host.lock, close: host.close } };
  const cut = await plan([{ ...rest, qualified: false, context, targets: [], mode: { do: "apply" } }]);
  assert.equal(cut.complete, false);
  assert.equal(canApply(cut), false);
  const reasons = cut.diagnostics.flatMap(({ code, summary, detail }) => (code === "host-unreachable" ? [`${summary} ${detail}`] : []));
  assert.match(reasons.join("\n"), /connection to .* was lost/);
});

/** Kills a process that may have ended since it was found. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

test("doctor goes the way hop by hop, and names the one that fails", async (t) => {
  const { workspace } = await prepare(t);
  const fine = await virtform("doctor", workspace.directory);
  assert.match(fine.stdout, /ok +ssh: login/);
  assert.match(fine.stdout, /ok +libvirt: /);
  await writeConfig(workspace, { host: { uri: sshd.uri.replace(String(sshd.port), "1") } });
  const broken = await virtform("doctor", workspace.directory);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /ok +ssh: name[\s\S]*error +ssh: network: .*refused[\s\S]*→ Check that the host is up/);
  assert.doesNotMatch(broken.stdout, /qemu-img/);
});
