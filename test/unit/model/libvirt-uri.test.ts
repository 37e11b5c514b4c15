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

test("an address that ssh cannot use, or must not get, is named before anything is connected", () => {
  for (const uri of [
    "qemu+ssh:///system",
    "qemu+ssh://kvm1",
    "qemu+ssh://kvm1/system?command=/bin/x",
    "qemu+ssh://-oProxyCommand=id/system",
    "qemu+ssh://-x@kvm1/system",
    "qemu+ssh://a%20b@kvm1/system",
    "qemu+ssh://%zz@kvm1/system",
    "qemu+ssh://kvm1:99999/system",
  ]) {
    assert.match(uriProblem(uri)?.summary ?? "", /^Not a host that can be reached: qemu\+ssh:/, uri);
    assert.match(uriProblem(uri)?.detail ?? "", /: qemu\+ssh:\/\/USER@HOST\/system\.$/, uri);
  }
});

test("a parameter that would have no effect is refused, and the others are named", () => {
  for (const uri of [
    "qemu:///system?foo=bar",
    "qemu:///system?mode=other",
    "qemu:///system?socket=/x&netcat=nc",
    "qemu:///system?toString=",
  ]) {
    assert.match(uriProblem(uri)?.summary ?? "", /has a parameter without effect/, uri);
    assert.equal(uriProblem(uri)?.detail, "Remove it. Supported are socket=PATH and mode=auto|direct|legacy.");
  }
  assert.equal(uriProblem("qemu:///system?socket=/x&mode=legacy"), undefined);
});

test("a driver or a connection that libvirt does not have for guests is named", () => {
  for (const uri of ["xen:///system", "bhyve+ssh://kvm1/system", "vbox:///session", "constructor:///system"])
    assert.match(uriProblem(uri)?.summary ?? "", /^Guests of libvirt's driver \w+ are not supported: /, uri);
  for (const uri of ["qemu:///", "qemu:///System", "qemu:///embed", "qemu:////system", "qemu:///system/", "qemu+ssh://kvm1/embed"])
    assert.match(uriProblem(uri)?.summary ?? "", /^libvirt's driver qemu has no connection /, uri);
  for (const uri of ["lxc:///system", "lxc:///", "lxc+ssh://kvm1/system", "test:///default"]) assert.equal(uriProblem(uri), undefined, uri);
});

test("a socket is an absolute path", () => {
  assert.match(uriProblem("qemu:///system?socket=libvirt-sock")?.summary ?? "", /is not absolute/);
  assert.match(uriProblem("qemu:///system?socket=")?.summary ?? "", /is not absolute/);
});
