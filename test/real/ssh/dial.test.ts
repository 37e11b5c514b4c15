import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createLocalHost } from "../../../src/host/local/local.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { DialError, type Opening } from "../../../src/model/channel.ts";
import { libvirtOf } from "../../../src/tools/libvirt/libvirt.ts";
import { testDirectory } from "../../unit/host/directory.ts";
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

test("what follows usual answers is sent by the host, without a round trip, and after another answer it is left to the client", async (t) => {
  const sshd = await startSshd(t);
  process.env["VIRTFORM_SSH"] = sshd.program;
  const host = createSshHost(sshd.target);
  t.after(() => host.close());
  const directory = await testDirectory(t);
  const opening = (further: string): Opening => ({
    first: Buffer.from("who?"),
    expected: Buffer.from("welcome"),
    second: Buffer.from("open"),
    further: { expected: Buffer.from("opened"), bytes: () => Buffer.from(further) },
  });
  /** What a server that gives these answers, in pieces, has received before the client wrote anything, and what the client gets. */
  const served = async (answers: Readonly<Record<string, readonly string[]>>, further: string, received: string) => {
    let heard = "";
    const complete = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", async (bytes) => {
        heard += bytes;
        if (heard === received) complete.resolve();
        for (const piece of answers[String(bytes)] ?? []) {
          socket.write(piece);
          await pause(50);
        }
      });
    });
    const path = `${directory}/${received.length}-${further.length}.sock`;
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    const channel = await host.dial(path, opening(further));
    await complete.promise;
    await pause(200);
    assert.equal(heard, received);
    const got: string[] = [];
    channel.onData = (bytes) => void got.push(bytes.toString());
    for (const text of ["who?", "open", ...(further === "" ? [] : [further])]) {
      channel.write(Buffer.from(text));
      await pause(50);
    }
    for (const deadline = performance.now() + 5000; heard !== `who?open${further}`; await pause(10))
      assert.ok(performance.now() < deadline, heard);
    await pause(100);
    channel.close();
    await new Promise((resolve) => server.close(resolve));
    return got.join("");
  };
  const usual = { "who?": ["wel", "come"], open: ["opened"], "two looks": ["answers"] };
  assert.equal(await served(usual, "two looks", "who?opentwo looks"), "welcomeopenedanswers");
  assert.equal(await served(usual, "", "who?open"), "welcomeopened");
  assert.equal(
    await served({ ...usual, open: ["refused: no such driver"] }, "two looks", "who?open"),
    "welcomerefused: no such driveranswers",
  );
  assert.equal(await served({ ...usual, "who?": ["password?"] }, "two looks", "who?"), "password?openedanswers");
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
