import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { createOrdinaryUser, type OrdinaryUser } from "../../support/ordinary-user.ts";
import { type PrivateLibvirt, startPrivateLibvirt } from "../../support/private-libvirt.ts";
import { mustRun, type Result } from "../../support/virtform.ts";
import { createWorkspace, guestImages, haltingGuest, type Workspace } from "../../support/workspace.ts";

/*
 * Ordinary users at a system libvirt: a real libvirtd in namespaces of its own, with the rights that a distribution may give, and a user
 * that the test makes. The guest's files belong to that user, who was allowed to apply before.
 */

interface Scene {
  readonly workspace: Workspace;
  readonly user: OrdinaryUser;
  readonly libvirt: PrivateLibvirt;
  /** virtform as the user, with the groups that the user has according to the system, or these. */
  virtform(args: readonly string[], groups?: readonly string[]): Promise<Result>;
}

async function prepare(t: TestContext, options: Parameters<typeof startPrivateLibvirt>[2]): Promise<Scene> {
  const workspace = await createWorkspace(t);
  const user = await createOrdinaryUser(t);
  await mustRun("chown", [user.name, workspace.instancesPath]);
  await chmod(workspace.directory, 0o755);
  const libvirt = await startPrivateLibvirt(t, workspace.directory, options);
  const written = {
    project: workspace.project,
    host: { uri: "qemu:///system", instances_path: workspace.instancesPath, virt_type: "qemu" },
    images: guestImages(await haltingGuest(workspace.directory)),
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
    instances: { [`${workspace.prefix}-web`]: { image: "tiny", flavor: "small" } },
  };
  await writeFile(`${workspace.directory}/virtform.yaml`, stringify(written));
  const virtform = (args: readonly string[], groups?: readonly string[]) =>
    libvirt.run(user.virtform([...args, workspace.directory], groups));
  return { workspace, user, libvirt, virtform };
}

function assertSucceeds({ code, stdout, stderr }: Result): string {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** `plan`, `drift`, `list` and `show` by a user who may only look. */
async function assertLooks({ virtform, workspace }: Scene): Promise<void> {
  for (const command of ["plan", "drift"]) {
    const result = await virtform([command]);
    assert.match(assertSucceeds(result), /^No changes\./m);
    assert.match(result.stderr, /lets this user only look[\s\S]*usermod -aG libvirt/);
  }
  assert.match(assertSucceeds(await virtform(["list"])), new RegExp(`^${workspace.prefix}-web +active`, "m"));
  assert.match(assertSucceeds(await virtform(["show"])), /^ {2}domain\//m);
}

async function assertRefused({ virtform, workspace }: Scene, reason: RegExp): Promise<void> {
  for (const args of [["apply", "--auto-approve"], ["stop", `${workspace.prefix}-web`, "--auto-approve"], ["doctor"]]) {
    const { code, stdout, stderr } = await virtform(args);
    assert.equal(code, 1, stdout + stderr);
    assert.match((stdout + stderr).replace(/\s+/g, " "), reason);
  }
}

test("a user who is not in the group of libvirt's socket plans with the read-only socket; apply names the group", async (t) => {
  const config = [
    'unix_sock_group = "libvirt"',
    'unix_sock_rw_perms = "0770"',
    'unix_sock_ro_perms = "0777"',
    'auth_unix_rw = "none"',
    'auth_unix_ro = "none"',
  ];
  const scene = await prepare(t, { config });
  assertSucceeds(await scene.virtform(["apply", "--auto-approve"], ["libvirt"]));
  await assertLooks(scene);
  await assertRefused(scene, /libvirt-sock: permission denied .*group .*usermod -aG libvirt/);
  assertSucceeds(await scene.virtform(["destroy", "--auto-approve", "--allow-destroy"], ["libvirt"]));
});

test("a user whom polkit refuses plans with the read-only socket; apply names the group and the rule", async (t) => {
  const scene = await prepare(t, { polkit: true });
  const { name } = scene.user;
  // polkit asks the system for the groups of a user.
  await mustRun("usermod", ["--append", "--groups", "libvirt", name]);
  assertSucceeds(await scene.virtform(["apply", "--auto-approve"]));
  await mustRun("gpasswd", ["--delete", name, "libvirt"]);
  await assertLooks(scene);
  await assertRefused(scene, /polkit refuses this user the action org\.libvirt\.unix\.manage: .*group libvirt.*polkit-1\/rules\.d/);
  await mustRun("usermod", ["--append", "--groups", "libvirt", name]);
  assertSucceeds(await scene.virtform(["destroy", "--auto-approve", "--allow-destroy"]));
});

test("the error without the system's message bus, which libvirt needs for polkit, names it", async (t) => {
  const scene = await prepare(t, {});
  await assertRefused(scene, /Unable to get system bus connection.*systemctl start dbus polkit.*auth_unix_rw = "none"/);
});
