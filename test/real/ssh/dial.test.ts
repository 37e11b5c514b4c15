import assert from "node:assert/strict";
import { test } from "node:test";
import { helperWords } from "../../../src/host/ssh/dial.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { DialError } from "../../../src/model/channel.ts";
import { libvirtOf } from "../../../src/tools/libvirt/libvirt.ts";
import { testContext } from "../../unit/tools/libvirt/test-context.ts";
import { startSshd } from "./sshd.ts";

for (const [way, options] of [
  ["forwarded by the connection", []],
  ["through libvirt's helper, where sshd forwards no sockets", ["AllowStreamLocalForwarding no"]],
] as const) {
  test(`libvirt's socket, ${way}`, async (t) => {
    const sshd = await startSshd(t, options);
    process.env["VIRTFORM_SSH"] = sshd.program;
    const host = createSshHost(sshd.target);
    t.after(() => host.close());
    const libvirt = libvirtOf(testContext(host));
    assert.match((await libvirt.node()).libvirtVersion, /^\d+\.\d+\.\d+$/);
    const here = await libvirt.domains(({ name }) => name);
    assert.ok(Array.isArray(here));
    assert.equal(sshd.logins(), 1, "no connection besides the one");
    await host.close();
  });

  test(`a socket that does not exist, ${way}`, async (t) => {
    const sshd = await startSshd(t, options);
    process.env["VIRTFORM_SSH"] = sshd.program;
    const host = createSshHost(sshd.target);
    t.after(() => host.close());
    await assert.rejects(host.dial("/run/libvirt/none-sock"), (error) => error instanceof DialError && error.reason === "missing");
    const { root, cacheDirectory } = await host.account();
    assert.equal(root, process.getuid?.() === 0);
    assert.match(cacheDirectory, /^\//);
  });
}

test("the words for libvirt's helper name the daemon that a socket belongs to", () => {
  assert.deepEqual(helperWords("/run/libvirt/libvirt-sock"), ["qemu:///system?mode=legacy"]);
  assert.deepEqual(helperWords("/run/libvirt/libvirt-sock-ro"), ["-r", "qemu:///system?mode=legacy"]);
  assert.deepEqual(helperWords("/run/libvirt/virtqemud-sock"), ["qemu:///system?mode=direct"]);
  assert.deepEqual(helperWords("/run/user/7/libvirt/virtsecretd-sock"), ["secret:///session?mode=direct"]);
});
