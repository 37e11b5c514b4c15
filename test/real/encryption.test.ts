import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { assertConverged, virtform } from "./support/in-this-process.ts";
import { checkout, mustRun, virtform as program, runProgram, virtformEvents } from "./support/virtform.ts";
import { apply, createWorkspace, tinyGuest, tinyImages, virsh, type Workspace, waitForConsole, writeConfig } from "./support/workspace.ts";
import "../support/quick-luks.ts";

const MiB = 2 ** 20;
const passphrase = "wandering-otter-17, with = and blanks";
const plaintext = "what-only-the-guest-may-know";
const variable = "VIRTFORM_TEST_PASSPHRASE";

/** The tiny guest's ramdisk with one command more: it writes words of ours to its root disk and to the next one. */
async function writingRamdisk(directory: string): Promise<string> {
  const init = await readFile(`${checkout}bin/lib/guest/init`, "utf8");
  const writes = `  echo ${plaintext} >/mnt/root/words\n  printf ${plaintext} | dd of=/dev/vdb bs=512 seek=100 conv=sync 2>/dev/null\n  sync\n`;
  const changed = init.replace("  sync\n", writes);
  assert.notEqual(changed, init);
  await mkdir(`${directory}/initramfs`);
  await writeFile(`${directory}/initramfs/init`, changed, { mode: 0o755 });
  const archive = execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], { cwd: `${directory}/initramfs`, input: "init\n" });
  const path = `${directory}/initramfs.img`;
  const first = await readFile(tinyGuest.ramdisk);
  // What comes later wins. Linux ignores an archive that does not begin at a multiple of four bytes.
  await writeFile(path, Buffer.concat([first, Buffer.alloc((4 - (first.length % 4)) % 4), archive]));
  return path;
}

/** What virtform starts, with arguments and environment. */
interface Recorded {
  readonly log: string;
  /** Runs virtform, a process of its own, with this passphrase in its environment, or none; qemu-img goes through a script that writes down what it gets. */
  run<T>(value: string | undefined, work: () => Promise<T>): Promise<T>;
}

async function recordPrograms(directory: string): Promise<Recorded> {
  const log = `${directory}/started.log`;
  await mkdir(`${directory}/bin`);
  for (const program of ["qemu-img"]) {
    const real = (await runProgram("which", [program])).stdout.trim();
    const script = `#!/bin/sh\n{ printf '%s\\n' "$0 $*"; tr '\\0' '\\n' <"/proc/$$/environ"; } >>'${log}'\nexec ${real} "$@"\n`;
    await writeFile(`${directory}/bin/${program}`, script, { mode: 0o755 });
  }
  return {
    log,
    async run(value, work) {
      const { PATH: path = "" } = process.env;
      process.env["PATH"] = `${directory}/bin:${path}`;
      if (value !== undefined) process.env[variable] = value;
      try {
        return await work();
      } finally {
        process.env["PATH"] = path;
        delete process.env[variable];
      }
    },
  };
}

/** Files below these places that hold the text, as it is or in base64. */
async function filesWith(text: string, places: readonly string[]): Promise<string> {
  const encoded = Buffer.from(text).toString("base64").replace(/=+$/, "");
  const found = await runProgram("grep", ["-rlaF", "-e", text, "-e", encoded, ...places]);
  assert.ok(found.code === 0 || found.code === 1 || found.stderr.includes("No such file"), found.stderr);
  return found.stdout;
}

async function prepare(t: TestContext): Promise<{ readonly workspace: Workspace; readonly name: string; readonly keyFile: string }> {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-luks`;
  const keyFile = `${workspace.directory}/passphrase`;
  await writeFile(keyFile, passphrase, { mode: 0o600 });
  t.after(async () => {
    for (const line of (await virsh("secret-list")).split("\n").filter((one) => one.includes(`virtform/${workspace.project}/`)))
      await virsh("secret-undefine", line.trim().split(/\s+/)[0] ?? "");
  });
  return { workspace, name, keyFile };
}

const flavors = (ephemeral: string) => ({ small: { vcpus: 1, ram: "192MiB", disk: "128MiB", ephemeral, swap: "16MiB" } });

test("a guest boots from encrypted disks; only libvirt and qemu get the passphrase, and nothing it writes can be read", async (t) => {
  const { workspace, name, keyFile } = await prepare(t);
  const recorded = await recordPrograms(workspace.directory);
  const applyWith = (value: string | undefined) => recorded.run(value, () => apply(workspace));
  const images = tinyImages();
  const ramdisk = { source: await writingRamdisk(workspace.directory), disk_format: "ari" };
  const write = (options: { readonly ephemeral?: string; readonly power?: string; readonly reference?: unknown } = {}) =>
    writeConfig(workspace, {
      images: { ...images, "tiny-ramdisk": ramdisk },
      flavors: flavors(options.ephemeral ?? "64MiB"),
      instances: {
        [name]: {
          image: "tiny",
          flavor: "small",
          power_state: options.power ?? "running",
          encryption: { passphrase: options.reference ?? { env: variable } },
        },
      },
    });

  await write({ reference: { env: `${variable}_NOT_SET` } });
  const refused = await virtform("plan", workspace.directory);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, new RegExp(`is not available[\\s\\S]*${variable}_NOT_SET`));

  await write();
  const applied = await applyWith(passphrase);
  const log = await waitForConsole(workspace, name, /^virtform-guest: ready$/m);
  assert.match(log, /^virtform-guest: boots=1$/m);
  await assertConverged(workspace);

  const uuid = (await virsh("domuuid", name)).trim();
  const directory = `${workspace.instancesPath}/${uuid}`;
  for (const file of ["disk", "disk.local", "disk.swap"]) {
    const info = JSON.parse(await mustRun("qemu-img", ["info", "-U", "--output=json", `${directory}/${file}`]));
    assert.deepEqual([info.encrypted, info["format-specific"].data.encrypt.format], [true, "luks"], file);
    const bytes = await readFile(`${directory}/${file}`);
    assert.ok(!bytes.includes(plaintext) && !bytes.includes("ephemeral0"), file);
  }
  const [secret = ""] = (await virsh("secret-list")).split("\n").filter((line) => line.includes(`virtform/${workspace.project}/${name}/`));
  assert.match(secret, /volume virtform/);
  const secretUuid = secret.trim().split(/\s+/)[0] ?? "";
  assert.match(await virsh("secret-dumpxml", secretUuid), /ephemeral='yes' private='yes'/);
  assert.match(await virsh("dumpxml", name), new RegExp(`<secret type='passphrase' uuid='${secretUuid}'/>`));

  // A secret that is gone is put back; the right passphrase is needed for it.
  await virsh("secret-undefine", secretUuid);
  const lost = await recorded.run(passphrase, () => program("plan", workspace.directory, "--detailed-exitcode"));
  assert.equal(lost.code, 2, lost.stdout + lost.stderr);
  assert.match(lost.stdout, new RegExp(`secret/${name}`));
  const wrong = await recorded.run("another", () => program("apply", workspace.directory, "--auto-approve"));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout + wrong.stderr, /The passphrase does not open a disk/);
  // From a file as well, with a line end behind it.
  await writeFile(`${workspace.directory}/with-line-end`, `${passphrase}\n`);
  await write({ reference: { file: "with-line-end" } });
  await applyWith(undefined);

  // Online without the passphrase, offline with it.
  await write({ ephemeral: "80MiB" });
  await applyWith(undefined);
  assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${80 * MiB}\\b`));
  await write({ ephemeral: "80MiB", power: "stopped" });
  await applyWith(passphrase);
  // With the passphrase everything is readable. The guest is off: while it runs, qemu may hold what it wrote.
  const opened = `${workspace.directory}/opened`;
  for (const file of ["disk", "disk.local"]) {
    const image = `driver=qcow2,encrypt.key-secret=s,file.filename=${directory}/${file}`;
    await mustRun("qemu-img", ["convert", "--object", `secret,id=s,file=${keyFile}`, "--image-opts", image, "-O", "raw", opened]);
    assert.ok((await readFile(opened)).includes(plaintext), `${file}, console:\n${log}`);
  }
  await write({ ephemeral: "96MiB", power: "stopped" });
  await applyWith(passphrase);
  await write({ ephemeral: "96MiB" });
  await applyWith(passphrase);
  assert.match(await waitForConsole(workspace, name, /^virtform-guest: ready$/m), /^virtform-guest: boots=2$/m);
  await assertConverged(workspace);

  const said = await readFile(recorded.log, "utf8");
  assert.match(said, /qemu-img create .*encrypt\.key-secret=/);
  // libvirt gets the value through its protocol.
  assert.doesNotMatch(said, /virsh/);
  assert.match(said, /qemu-img resize .*file=\/dev\/stdin/);
  for (const text of [passphrase, "=another"]) assert.ok(!said.includes(text), "in an argument list or environment");
  assert.ok(!(applied.stdout + applied.stderr + wrong.stdout + wrong.stderr).includes(passphrase));
  const places = [workspace.instancesPath, "/etc/libvirt", "/run/libvirt", "/var/log/libvirt/qemu", "/dev/shm"];
  assert.equal(await filesWith(passphrase, places), "");

  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", "--images");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.doesNotMatch(await virsh("secret-list"), new RegExp(`virtform/${workspace.project}/`));
});

test("killed while libvirt gets the passphrase or a disk is encrypted, the next apply converges", async (t) => {
  const { workspace, name } = await prepare(t);
  await writeConfig(workspace, {
    images: tinyImages(),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "128MiB" } },
    instances: { [name]: { image: "tiny", flavor: "small", encryption: { passphrase: { env: variable } } } },
  });
  for (const address of [`secret/${name}`, `disk/${name}.root`]) {
    let killed = false;
    process.env[variable] = passphrase;
    t.after(() => delete process.env[variable]);
    const run = await virtformEvents(["apply", workspace.directory, "--auto-approve"], (event, kill) => {
      if (killed || event.type !== "apply_start" || event.hook?.resource?.addr !== address) return;
      killed = true;
      kill();
    });
    assert.ok(killed, `${address}: ${run.stdout}${run.stderr}`);
  }
  await apply(workspace);
  await waitForConsole(workspace, name, /^virtform-guest: ready$/m);
  await assertConverged(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  assert.deepEqual(
    (await readdir(`${workspace.instancesPath}/${uuid}`)).filter((file) => file.endsWith(".part") || file.endsWith(".tmp")),
    [],
  );
});
