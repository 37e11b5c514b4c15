import assert from "node:assert/strict";
import { test } from "node:test";
import { UnreachableError } from "../../../../src/model/errors.ts";
import { virshError } from "../../../../src/tools/libvirt/virsh-errors.ts";

const say = (errors: string) => virshError("Starting domain web failed", errors, "qemu:///system");

test("libvirt's own words on one line", () => {
  assert.equal(
    say("error: Failed to start domain 'web'\nerror: something new\n\n").message,
    "Starting domain web failed: Failed to start domain 'web': something new",
  );
});

test("a path that qemu may not read", () => {
  const error = say(
    "error: Failed to start domain 'web'\nerror: Cannot access storage file '/root/vms/disk' (as uid:64055, gid:107): Permission denied\n",
  );
  assert.match(error.message, /may not read \/root\/vms\/disk/);
  assert.match(error.message, /AppArmor/);
});

test("an inactive network, with the command that starts it", () => {
  assert.match(say("error: Requested operation is not valid: network 'default' is not active\n").message, /`virsh net-start default`/);
});

test("a name that another domain has", () => {
  const error = say("error: operation failed: domain 'web' already exists with uuid 11111111-2222-4333-8444-555555555501\n");
  assert.match(error.message, /11111111-2222-4333-8444-555555555501 has the name web/);
});

test("a lost or impossible connection is never a plain failure", () => {
  for (const words of [
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory\n",
    "error: Disconnected from qemu:///system due to end of file\n",
    "error: Failed to start domain 'x'\nerror: client socket is closed\n",
  ]) {
    assert.ok(say(words) instanceof UnreachableError, words);
  }
  assert.match(
    say("error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/x': No such file or directory\n").message,
    /start it/,
  );
  assert.match(
    say("error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/x': Permission denied\n").message,
    /group libvirt/,
  );
  assert.match(
    say("error: failed to connect to the hypervisor\nerror: no connection driver available for foo:///\n").message,
    /Check host\.uri/,
  );
});
