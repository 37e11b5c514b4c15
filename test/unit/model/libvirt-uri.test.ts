import assert from "node:assert/strict";
import { test } from "node:test";
import { uriProblem } from "../../../src/model/libvirt-uri.ts";

test("unix sockets of this machine, and ssh", () => {
  for (const uri of [
    "qemu:///system",
    "qemu:///session",
    "qemu+unix:///system?socket=/run/x",
    "qemu:///system?mode=direct",
    "qemu+ssh://root@kvm1/system",
    "qemu+ssh://[::1]:22/session",
  ])
    assert.equal(uriProblem(uri), undefined, uri);
});

test("every other transport is named, with what to write instead", () => {
  for (const transport of ["tls", "tcp", "libssh", "libssh2", "ext", "other"]) {
    const problem = uriProblem(`qemu+${transport}://kvm1/system`);
    assert.match(problem?.summary ?? "", new RegExp(`transport ${transport}.* is not supported`));
    assert.match(problem?.detail ?? "", /qemu\+ssh:\/\/HOST\/system/);
  }
  assert.match(uriProblem("qemu://kvm1/system")?.summary ?? "", /without a supported transport/);
  assert.match(uriProblem("kvm1")?.summary ?? "", /no libvirt URI/);
});
