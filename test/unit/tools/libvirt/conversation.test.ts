import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError, UnreachableError, UserError } from "../../../../src/model/errors.ts";
import { libvirtOf } from "../../../../src/tools/libvirt/libvirt.ts";
import { openVirsh } from "../../../../src/tools/libvirt/virsh-conversation.ts";
import { smallHost, testContext } from "./small-host.ts";

// libvirt's own test driver: every virsh process has a small imaginary machine of its own.
const uri = "test:///default";
const second = 1000;

test("many exchanges at once are answered in order, each with its own errors", async () => {
  const virsh = openVirsh(smallHost(), uri);
  const replies = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      virsh.exchange([index % 3 === 0 ? `dumpxml nope-${index}` : `echo answer-${index}`], 30 * second),
    ),
  );
  replies.forEach(({ output, errors }, index) => {
    assert.equal(output.trim(), index % 3 === 0 ? "" : `answer-${index}`);
    assert.equal(errors, index % 3 === 0 ? `error: failed to get domain 'nope-${index}'\n` : "");
  });
  assert.equal(virsh.pending, 0);
  await virsh.close();
  assert.equal(virsh.alive, false);
});

test("a command that virsh does not know fails alone", async () => {
  const virsh = openVirsh(smallHost(), uri);
  const [unknown, after] = await Promise.all([virsh.exchange(["frobnicate now"], 30 * second), virsh.exchange(["hostname"], 30 * second)]);
  assert.match(unknown.errors, /unknown command/);
  assert.equal(after.errors, "");
  assert.notEqual(after.output, "");
  await virsh.close();
});

test("virsh killed in the middle: a clear error for everything that was asked, and the next call works", async () => {
  const host = smallHost();
  const libvirt = libvirtOf(testContext(host, { uri }));
  await libvirt.domains((domain) => domain);
  const pid = host.opened[0] ?? assert.fail("no virsh was started");
  const asked = Promise.allSettled([libvirt.domains((domain) => domain), libvirt.node()]);
  process.kill(pid, "SIGKILL");
  for (const outcome of await asked) {
    assert.equal(outcome.status, "rejected");
    assert.ok(outcome.reason instanceof UnreachableError, String(outcome.reason));
    assert.match(outcome.reason.message, /connection to libvirt at test:\/\/\/default was lost/);
  }
  assert.deepEqual(
    (await libvirt.domains((domain) => domain)).map(({ name }) => name),
    ["test"],
  );
  await host.close();
});

test("no answer in time: virsh is ended and the command is named", async () => {
  const directory = await mkdtemp(join(tmpdir(), "virtform-virsh-"));
  await writeFile(join(directory, "virsh"), "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
  const virsh = openVirsh(smallHost({ ...process.env, PATH: `${directory}:${process.env["PATH"]}` }), uri);
  await assert.rejects(
    virsh.exchange(["dumpxml web"], 50),
    (error) => error instanceof CommandError && error.reason === "timeout" && /dumpxml web/.test(error.message),
  );
  await rm(directory, { recursive: true });
});

test("no libvirt there: unreachable, with what to do, and never an empty list", async () => {
  for (const [wrong, advice] of [
    ["qemu+unix:///system?socket=/nonexistent/libvirt-sock", /libvirtd seems not to run/],
    ["nonsense:///x", /Check host\.uri/],
  ] as const) {
    const host = smallHost();
    await assert.rejects(
      libvirtOf(testContext(host, { uri: wrong })).domains((domain) => domain),
      (error) => error instanceof UnreachableError && advice.test(error.message),
    );
    await host.close();
  }
});

test("no virsh there: the package to install", async () => {
  const host = smallHost({ PATH: "/nonexistent" });
  await assert.rejects(
    libvirtOf(testContext(host, { uri })).domains((domain) => domain),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.diagnostics[0]?.code, "virsh-missing");
      assert.match(error.diagnostics[0]?.detail ?? "", /libvirt-clients/);
      return true;
    },
  );
});

test("one libvirt for a host and URI, ended with the host", async () => {
  const host = smallHost();
  const libvirt = libvirtOf(testContext(host, { uri }));
  assert.equal(libvirtOf(testContext(host, { uri })), libvirt);
  assert.notEqual(libvirtOf(testContext(smallHost(), { uri })), libvirt);
  const [domain] = await libvirt.domains((domain) => domain);
  assert.equal(domain?.power, "running");
  assert.equal(domain?.persistent, true);
  await host.close();
  assert.throws(() => process.kill(host.opened[0] ?? 0, 0), /ESRCH/);
});

test("a stranger whose name looks like our uuid is not taken for our domain", async () => {
  const directory = await mkdtemp(join(tmpdir(), "virtform-virsh-"));
  const host = smallHost();
  const libvirt = libvirtOf(testContext(host, { uri }));
  const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-000000000001";
  await writeFile(
    join(directory, "stranger.xml"),
    `<domain type="test"><name>${uuid}</name><memory>1024</memory><os><type>hvm</type></os></domain>`,
  );
  await libvirt.define(join(directory, "stranger.xml"));
  assert.equal(await libvirt.domain(uuid), undefined);
  await assert.rejects(libvirt.start(uuid), /no domain with this uuid/);
  await libvirt.undefine(uuid);
  await libvirt.destroy(uuid);
  const stranger = (await libvirt.domains((domain) => domain)).find(({ name }) => name === uuid);
  assert.equal(stranger?.power, "stopped");
  await host.close();
  await rm(directory, { recursive: true });
});
