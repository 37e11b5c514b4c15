import assert from "node:assert/strict";
import { test } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { DialError } from "../../../src/model/channel.ts";
import { libvirtOf } from "../../../src/tools/libvirt/libvirt.ts";
import { testContext } from "../../unit/tools/libvirt/test-context.ts";
import { startSshd } from "./sshd.ts";

test("libvirt's socket is opened on the one connection, where sshd forwards nothing and allows one session", async (t) => {
  const sshd = await startSshd(t, ["DisableForwarding yes", "MaxSessions 1"]);
  process.env["VIRTFORM_SSH"] = sshd.program;
  const host = createSshHost(sshd.target);
  t.after(() => host.close());
  const libvirt = libvirtOf(testContext(host));
  assert.match((await libvirt.node()).libvirtVersion, /^\d+\.\d+\.\d+$/);
  const here = await libvirt.domains(({ name }) => name);
  assert.ok(Array.isArray(here));
  await assert.rejects(host.dial("/run/libvirt/none-sock"), (error) => error instanceof DialError && error.reason === "missing");
  const { root, cacheDirectory } = await host.account();
  assert.equal(root, process.getuid?.() === 0);
  assert.match(cacheDirectory, /^\//);
  assert.equal(sshd.logins(), 1);
});
