import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { virshLine } from "../../../../src/tools/libvirt/virsh-line.ts";

test("plain words stay as they are", () => {
  assert.equal(virshLine(["dumpxml", "--inactive", "web-0"]), "dumpxml --inactive web-0");
});

test("line ends and other control characters are refused", () => {
  for (const word of ["a\nquit", "a\rb", "a\0b", "a\tb", "\u001b[A", "\u007f"]) assert.throws(() => virshLine(["echo", word]), TypeError);
});

test("virsh gets every word as it was", () => {
  const words = ["a b", "it's", 'say "x"', "back\\slash", ";quit", "#no comment", "", "--", "$HOME", "Grüße", "'", "\\'", "a'b'c"];
  const lines = words.map((word) => virshLine(["echo", "--", `<${word}>`]));
  const { stdout } = spawnSync("virsh", ["-q", "-c", "test:///default", lines.join(";")], { encoding: "utf8" });
  assert.deepEqual(
    stdout.match(/<[^>]*>/g),
    words.map((word) => `<${word}>`),
  );
});
