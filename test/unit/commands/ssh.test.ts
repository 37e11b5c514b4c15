import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandDefinition } from "../../../src/commands/command.ts";
import { guestAddress } from "../../../src/commands/guest-address.ts";
import { parseInvocation } from "../../../src/commands/parse-invocation.ts";
import { ssh } from "../../../src/commands/ssh.ts";
import { sshArguments } from "../../../src/commands/ssh-arguments.ts";
import { parseSshTarget } from "../../../src/host/ssh/target.ts";
import { adminUser } from "../../../src/kinds/config/admin-user.ts";
import { UserError } from "../../../src/model/errors.ts";

const guest = {
  name: "web",
  status: "active",
  reason: null as string | null,
  addresses: [] as readonly string[],
  interfaces: ["52:54:00:00:00:01"] as readonly string[],
};

function summaryOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics.map(({ summary, detail }) => `${summary}: ${detail}`).join("\n");
    throw error;
  }
  assert.fail("nothing was thrown");
}

test("of several addresses the first IPv4 address is taken, and never a link-local one", () => {
  const addresses = ["fe80::1", "2001:db8::5", "192.0.2.7", "192.0.2.8"];
  assert.deepEqual(guestAddress({ ...guest, addresses }, true), { address: "192.0.2.7", others: ["192.0.2.8", "2001:db8::5"] });
  assert.deepEqual(guestAddress({ ...guest, addresses: ["2001:db8::5"] }, true), { address: "2001:db8::5", others: [] });
});

test("why there is no address", () => {
  const why = (change: Partial<typeof guest>, reachable = true) => summaryOf(() => guestAddress({ ...guest, ...change }, reachable));
  assert.match(why({}), /^No address of web is known: .*still be booting: `virtform console web`.*--address/);
  assert.match(why({ addresses: ["fe80::1"] }), /^No address of web is known/);
  assert.match(why({ interfaces: [] }), /^web has no network interface: .*networks:/);
  assert.match(why({}, false), /^web has no address that can be reached: .*user network/);
  assert.match(why({ status: "stopped" }), /^web is not running: it is stopped: `virtform start web`/);
  assert.match(why({ status: "error", reason: "the guest crashed" }), /^web is in an error state: the guest crashed\. `virtform show web`/);
  assert.match(why({ status: "paused" }), /^web is not running: it is paused: `virtform show web`/);
  assert.match(
    why({ status: "missing", reason: "not applied yet" }),
    /^web does not exist on the host: not applied yet\. `virtform apply`/,
  );
});

const login = { address: "192.0.2.7", alias: "web.shop.localhost", user: "debian", host: undefined, options: [], command: [] };

test("ssh gets the address as an argument of its own, behind two dashes, and the command as it is", () => {
  const plain = sshArguments({ program: "ssh", args: ["-F", "config"] }, { ...login, options: ["A=b"], command: ["ls", "-la", "; x"] });
  const words = "-F config -o A=b -o HostKeyAlias=web.shop.localhost -l debian -- 192.0.2.7 ls -la".split(" ");
  assert.deepEqual(plain, { program: "ssh", args: [...words, "; x"] });
  assert.deepEqual(sshArguments({ program: "ssh", args: [] }, { ...login, user: undefined }).args, [
    "-o",
    "HostKeyAlias=web.shop.localhost",
    "--",
    "192.0.2.7",
  ]);
});

test("a guest of another machine is reached through it", () => {
  const host = parseSshTarget("qemu+ssh://root@kvm1:2222/system");
  const { args } = sshArguments({ program: "ssh", args: ["-F", "a%b"] }, { ...login, host });
  assert.ok(args.includes("ProxyCommand='ssh' '-F' 'a%%b' '-p' '2222' -W '[%h]:%p' -- 'root@kvm1'"), args.join("\n"));
});

test("the user is the administrator of the image, else the usual one of its distribution", () => {
  assert.equal(adminUser({ os_admin_user: "ops", os_distro: "debian" }), "ops");
  assert.equal(adminUser({ os_distro: "Ubuntu" }), "ubuntu");
  assert.equal(adminUser({ os_distro: "plan9" }), undefined);
  assert.equal(adminUser({ os_distro: "constructor" }), undefined);
  assert.equal(adminUser(), undefined);
});

test("words behind two dashes are left as they are, also those that look like options", () => {
  const invocation = parse(ssh, "-l", "root", "web", "site.yaml", "--", "ls", "-la", "--user", "--", "x");
  assert.deepEqual(invocation.behindDashes, ["ls", "-la", "--user", "--", "x"]);
  assert.deepEqual(invocation.positionals, ["web", "site.yaml", "ls", "-la", "--user", "--", "x"]);
  assert.equal(invocation.text("user"), "root");
  assert.deepEqual(parse(ssh, "web").behindDashes, []);
});

function parse(command: CommandDefinition, ...argv: readonly string[]) {
  const invocation = parseInvocation("ssh", command, argv);
  assert.ok(invocation !== "help");
  return invocation;
}
