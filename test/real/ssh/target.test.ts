import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSshTarget } from "../../../src/host/ssh/target.ts";
import { sshTrouble } from "../../../src/host/ssh/trouble.ts";
import { UserError } from "../../../src/model/errors.ts";

test("a URI names user, host, port and the libvirt there", () => {
  for (const uri of ["qemu:///system", "qemu+unix:///system", "qemu+unix:///system?socket=/run/x"])
    assert.equal(parseSshTarget(uri), undefined);
  assert.deepEqual(parseSshTarget("qemu+ssh://kvm1/system"), { destination: "kvm1", libvirtUri: "qemu:///system" });
  assert.deepEqual(parseSshTarget("qemu+ssh://root@kvm1.example.org:2222/session"), {
    destination: "root@kvm1.example.org",
    port: 2222,
    libvirtUri: "qemu:///session",
  });
  assert.deepEqual(parseSshTarget("qemu+ssh://ops@[fe80::1%eth0]/system"), {
    destination: "ops@fe80::1%eth0",
    libvirtUri: "qemu:///system",
  });
});

test("what could become an option of ssh, or is another transport, is refused", () => {
  for (const uri of [
    "qemu+ssh://-oProxyCommand=id/system",
    "qemu+ssh://-x@host/system",
    "qemu+ssh:///system",
    "qemu+ssh://host/system?command=/bin/x",
    "qemu+ssh://host:99999/system",
    "qemu+ssh://a%20b@host/system",
    "qemu+ssh://%zz@host/system",
    "qemu+tls://host/system",
    "qemu+tcp://host/system",
  ]) {
    assert.throws(
      () => parseSshTarget(uri),
      (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "remote-host",
      uri,
    );
  }
});

test("ssh's words name the hop", () => {
  const hop = (words: string) => sshTrouble(words, "kvm1").hop;
  assert.equal(hop("ssh: Could not resolve hostname kvm9: Name or service not known"), "name");
  assert.equal(hop("ssh: connect to host kvm1 port 22: Connection refused"), "network");
  assert.equal(hop("ssh: connect to host kvm1 port 22: Connection timed out"), "network");
  assert.equal(
    hop("No ED25519 host key is known for kvm1 and you have requested strict checking.\nHost key verification failed."),
    "host key",
  );
  assert.equal(hop("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed."), "host key");
  assert.equal(hop("root@kvm1: Permission denied (publickey)."), "login");
});
