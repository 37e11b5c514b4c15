import assert from "node:assert/strict";
import { test } from "node:test";
import { injectionPlan, writtenPaths } from "../../../../../src/kinds/disk/injection/writes.ts";
import type { Injection } from "../../../../../src/kinds/terms/injection.ts";
import type { FoundFile } from "../../../../../src/tools/guestfs/guest-disk.ts";

const key = "ssh-ed25519 AAAA ops";
const nothing: Injection = {
  partition: "inspect",
  publicKey: null,
  network: [],
  metadata: null,
  password: null,
  files: [],
  emulated: true,
};
const file = (text: string): FoundFile => ({ type: "file", content: Buffer.from(text).toString("base64") });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const accounts = {
  "/etc/passwd": file("root:x:0:0::/root:/bin/sh\nbroken\napp:x:1000:1001::/srv:/bin/sh\nodd:x:-1:99999999999::/:/bin/sh\n"),
  "/etc/group": file("root:x:0:\nweb:x:33:\n"),
  "/etc/shadow": file("daemon:*:1:::::\nroot:!:19000:0:99999:7:::"),
};

/** `mode uid:gid path: content` of each write, and what is impossible. */
function planned(injection: Partial<Injection>, found: Readonly<Record<string, FoundFile>>, hash: string | null = null) {
  const { writes, impossible } = injectionPlan({ ...nothing, ...injection }, hash, found);
  return [
    ...writes.map(
      ({ write: { path, content, mode, owner } }) =>
        `${mode?.toString(8) ?? "-"} ${owner?.join(":") ?? "-"} ${path}: ${Buffer.from(content, "base64")}`,
    ),
    ...impossible.map(({ item, why }) => `${item.mandatory ? "mandatory" : "optional"} ${item.what}: ${why}`),
  ];
}

test("Nova INJ-07: a key is appended below a comment, on a line of its own, and once", () => {
  const path = "/root/.ssh/authorized_keys";
  const lines = (before: FoundFile) => planned({ publicKey: `${key}\n` }, { [path]: before });
  assert.deepEqual(lines({ type: "none" }), [`600 0:0 ${path}: # Injected by virtform\n${key}\n`]);
  assert.deepEqual(lines(file("ssh-rsa old")), [`600 0:0 ${path}: ssh-rsa old\n# Injected by virtform\n${key}\n`]);
  assert.deepEqual(lines(file(`# mine\n${key}\n`)), [`600 0:0 ${path}: # mine\n${key}\n`]);
  assert.deepEqual(lines({ type: "long" }), [`optional the key: ${path} is no file of at most 1 MiB`]);
});

test("Nova INJ-10: only the hash of root changes, and without root in both files nothing does", () => {
  const password = { env: "ROOT" };
  assert.deepEqual(planned({ password }, accounts, "$6$x$y"), ["- - /etc/shadow: daemon:*:1:::::\nroot:$6$x$y:19000:0:99999:7:::"]);
  const without = (path: string, found: FoundFile) => planned({ password }, { ...accounts, [path]: found }, "$6$x$y");
  assert.deepEqual(without("/etc/shadow", file("toor:*:1:::::\n")), ["optional the password: root is not in /etc/shadow of the image"]);
  assert.deepEqual(without("/etc/passwd", file("rooted:x:0:0:::\n")), ["optional the password: root is not in /etc/passwd of the image"]);
  assert.deepEqual(without("/etc/shadow", { type: "none" }), ["optional the password: the image has no /etc/passwd and /etc/shadow"]);
});

test("Nova INJ-11: files get their modes and the numbers that the image has for their owners; files are mandatory", () => {
  const one = (owner: string | null, mode: string | null = null) => ({ path: "/a", base64: base64("x"), mode, owner });
  const files = [one(null), one("app", "0640"), one("app:web"), one("root:root"), one("other"), one("app:other"), one("odd")];
  assert.deepEqual(planned({ files }, accounts), [
    "644 0:0 /a: x",
    "640 1000:1001 /a: x",
    "644 1000:33 /a: x",
    "644 0:0 /a: x",
    "mandatory /a: its owner other is not in /etc/passwd of the image",
    "mandatory /a: its group other is not in /etc/group of the image",
    "mandatory /a: its owner odd is not in /etc/passwd of the image",
  ]);
});

test("Nova INJ-08, INJ-09: network and metadata are files of their own; a guest with SELinux sets its labels at boot", () => {
  const injection = { network: [{ path: "/etc/network/interfaces", content: "auto lo\n" }], metadata: "{}\n" };
  assert.deepEqual(planned(injection, {}), ["644 0:0 /etc/network/interfaces: auto lo\n", "644 0:0 /meta.js: {}\n"]);
  const selinux = (text: string) => planned(injection, { "/etc/selinux/config": file(text) }).slice(2);
  assert.deepEqual(selinux("# SELINUX=disabled\nSELINUX=enforcing\n"), ["644 0:0 /.autorelabel: "]);
  assert.deepEqual(selinux("SELINUX=disabled\n"), []);
  assert.deepEqual(writtenPaths({ ...nothing, ...injection }), ["/etc/network/interfaces", "/meta.js"]);
});
