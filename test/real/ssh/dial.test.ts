import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";
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

test("the host connects to a port, and what the server sends first arrives, here and over ssh where sshd forwards nothing", async (t) => {
  const sshd = await startSshd(t, ["DisableForwarding yes", "MaxSessions 1"]);
  process.env["VIRTFORM_SSH"] = sshd.program;
  for (const host of [createLocalHost(), createSshHost(sshd.target)]) {
    t.after(() => host.close());
    for (const address of ["127.0.0.1", "::1"]) {
      const server = createServer((socket) => void socket.end("SSH-2.0-test\r\n"));
      await new Promise<void>((resolve) => void server.listen(0, address, resolve));
      const { port } = server.address() as AddressInfo;
      let heard = "";
      const channel = await host.connect(address, port, (bytes) => {
        heard += bytes;
      });
      await channel.ended;
      assert.equal(heard, "SSH-2.0-test\r\n", `${host.name} to ${address}`);
      channel.close();
      await new Promise((resolve) => server.close(resolve));
      await assert.rejects(
        host.connect(address, port, () => undefined),
        (error) => error instanceof DialError && error.reason === "refused",
      );
    }
  }
});
