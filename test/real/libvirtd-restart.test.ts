import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { until } from "./support/until.ts";
import { mustRun, runProgram, virtformEvents } from "./support/virtform.ts";
import { apply, assertConverged, assertNoLeftovers, createWorkspace, tinyImages, virsh, writeConfig } from "./support/workspace.ts";

/** Restarts libvirtd as the machine does it: by its service manager, or by hand where there is none. */
async function restartLibvirtd(): Promise<void> {
  if (existsSync("/run/systemd/system")) {
    await mustRun("systemctl", ["restart", "libvirtd"]);
  } else {
    const pid = Number(await readFile("/run/libvirtd.pid", "utf8"));
    process.kill(pid, "SIGTERM");
    await until("end of libvirtd", 30, () => (existsSync(`/proc/${pid}/cmdline`) && isAlive(pid) ? undefined : true));
    await mustRun("libvirtd", ["-d"]);
  }
  await until("answer of libvirt", 60, async () =>
    (await runProgram("virsh", ["-q", "-c", "qemu:///system", "version"])).code === 0 ? true : undefined,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("libvirtd restarted in the middle of an apply: it ends well or says what failed, and the next apply converges", async (t) => {
  const workspace = await createWorkspace(t);
  const names = [1, 2, 3].map((number) => `${workspace.prefix}-${number}`);
  await writeConfig(workspace, {
    images: tinyImages(),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "1GiB" } },
    instances: Object.fromEntries(names.map((name) => [name, { image: "tiny", flavor: "small" }])),
  });
  let restart: Promise<void> | undefined;
  const interrupted = await virtformEvents(["apply", workspace.directory, "--auto-approve", "--parallelism", "2"], (event) => {
    if (event.type === "apply_start" && event.hook?.resource?.addr?.startsWith("domain/")) restart ??= restartLibvirtd();
  });
  assert.ok(restart !== undefined, `an action on a domain was seen:\n${interrupted.stdout}${interrupted.stderr}`);
  await restart;
  t.diagnostic(`the interrupted apply ended with ${interrupted.code}`);
  assert.ok(interrupted.code === 0 || interrupted.code === 1, `exit code ${interrupted.code}`);
  assert.doesNotMatch(interrupted.stderr, /^\s+at .*:\d+:\d+\)?$/m, "no stack for a daemon that went away");
  await apply(workspace);
  await assertConverged(workspace);
  for (const name of names) assert.equal((await virsh("domstate", name)).trim(), "running");
  await assertNoLeftovers(workspace);
});
