import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { until } from "./support/until.ts";
import { ended, mustRun, start, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  tree,
  virsh,
  type Workspace,
  writeConfig,
} from "./support/workspace.ts";

/** Starts an apply whose qemu-img writes disks at 256 KiB a second, and gives the process of the first that does. */
async function startSlowly(t: TestContext, { directory }: Workspace) {
  const [programs, started] = [`${directory}/programs`, `${directory}/started`];
  await mkdir(programs);
  const slow = `if mkdir ${started}.once 2>/dev/null; then echo $$ >${started}; fi; shift; exec /usr/bin/qemu-img convert -r 256K "$@"`;
  await writeFile(`${programs}/qemu-img`, `#!/bin/sh\ncase "$*" in convert*/disk.part*) ${slow} ;; esac\nexec /usr/bin/qemu-img "$@"\n`);
  await chmod(`${programs}/qemu-img`, 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${programs}:${path}`;
  const child = start(["apply", directory, "--auto-approve"]);
  process.env["PATH"] = path;
  const end = ended(child, 300_000);
  const pid = await until("a conversion", 120, async () => Number(await readFile(started, "utf8").catch(() => "")) || undefined);
  const stop = () => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It came to its end.
    }
  };
  t.after(stop);
  return { child, end, stop };
}

for (const backend of ["flat", "ploop"]) {
  for (const alsoThere of [false, true]) {
    test(`${backend}: killed while an image is converted to the disk${alsoThere ? ", the converter as well" : ", which goes on"}, it converges when run again`, async (t) => {
      const workspace = await createWorkspace(t);
      const name = `${workspace.prefix}-one`;
      const image = `${workspace.directory}/image.qcow2`;
      await mustRun("dd", ["if=/dev/urandom", `of=${image}.raw`, "bs=1M", "count=24", "status=none"]);
      await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
      await writeConfig(workspace, {
        host: { images_type: backend, force_raw_images: false },
        images: { large: { source: image, disk_format: "qcow2" } },
        flavors: { small: { vcpus: 1, ram: "192MiB", disk: "32MiB" } },
        // It has nothing to boot.
        instances: { [name]: { image: "large", flavor: "small", power_state: "stopped" } },
      });
      const { child, end, stop } = await startSlowly(t, workspace);
      const half = backend === "ploop" ? /\/disk\.part\/root\.hds\.part$/ : /\/disk\.part$/;
      await until("half a disk", 120, async () => (await tree(workspace.instancesPath)).find((path) => half.test(path)));
      child.kill("SIGKILL");
      assert.equal((await end).code, null, "it was killed before it was done");
      if (alsoThere) stop();
      const disks = (await tree(workspace.instancesPath)).filter((path) => /^[0-9a-f-]{36}\/disk(\.part)?\/?$/.test(path));
      assert.match(disks.join(), /^[0-9a-f-]{36}\/disk\.part\/?$/, "half a disk has no name of its own");

      await apply(workspace);
      await assertConverged(workspace);
      await assertNoLeftovers(workspace);
      const uuid = (await virsh("domuuid", name)).trim();
      const disk = `${workspace.instancesPath}/${uuid}/disk${backend === "ploop" ? "/root.hds" : ""}`;
      await mustRun("truncate", ["-s", "32M", `${image}.raw`]);
      await mustRun("cmp", [disk, `${image}.raw`]);
      const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
      assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    });
  }
}
