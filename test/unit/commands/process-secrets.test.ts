import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { processSecrets } from "../../../src/commands/process-secrets.ts";

test("variables that are referred to leave the environment and can still be looked up", () => {
  const environment: Record<string, string | undefined> = { WEB_PASSWORD: "correct horse" };
  const secrets = processSecrets(environment);
  secrets.withdraw({ instances: { web: { admin_password: { env: "WEB_PASSWORD" } } } });
  assert.deepEqual(environment, {});
  assert.equal(secrets.lookUp({ env: "WEB_PASSWORD" }), "correct horse");
  assert.equal(processSecrets(environment).lookUp({ env: "WEB_PASSWORD" }), undefined);
});

test("an `env` among the user's own words is no reference", () => {
  const environment = { STAGE: "blue" };
  processSecrets(environment).withdraw({ instances: { web: { metadata: { env: "STAGE" } } } });
  assert.deepEqual(environment, { STAGE: "blue" });
});

test("a program gives a secret once, with its arguments as they are, without input and without what was withdrawn", () => {
  const environment: Record<string, string | undefined> = { PATH: process.env["PATH"], WEB_PASSWORD: "correct horse", KEPT: "kept" };
  const secrets = processSecrets(environment);
  secrets.withdraw({ instances: { web: { admin_password: { env: "WEB_PASSWORD" } } } });
  const script =
    "let n = ''; process.stdin.on('data', (d) => (n += d)).on('end', () => console.log(JSON.stringify([process.argv[1], process.env.KEPT, process.env.WEB_PASSWORD ?? null, n, process.hrtime.bigint().toString()])))";
  const command = [process.execPath, "-e", script, "$HOME; `id`"];
  const first = secrets.lookUp({ command });
  assert.deepEqual(JSON.parse(first ?? "").slice(0, 4), ["$HOME; `id`", "kept", null, ""]);
  assert.equal(secrets.lookUp({ command }), first, "it runs once");
});

test("a program that fails, is missing, prints too much or prints no text gives no secret", () => {
  const { lookUp } = processSecrets({ PATH: process.env["PATH"] });
  const node = (script: string) => lookUp({ command: [process.execPath, "-e", script] });
  assert.equal(node("console.log('half'); process.exit(3)"), undefined);
  assert.equal(node("console.log('x'.repeat(70000))"), undefined);
  assert.equal(node("process.stdout.write(Buffer.from([0xff, 0xfe]))"), undefined);
  assert.equal(node("process.stdout.write('two\\nlines\\r\\n')"), "two\nlines");
  assert.equal(lookUp({ command: ["/no/such/program"] }), undefined);
});

test("a file gives a secret without its line end; a device, a file without an end and a missing one give none", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-secret-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "passphrase"), "correct horse\r\n");
  const { lookUp } = processSecrets({});
  assert.equal(lookUp({ file: join(directory, "passphrase") }), "correct horse");
  for (const file of ["/dev/zero", "/proc/self/pagemap", directory, join(directory, "none")])
    assert.equal(lookUp({ file }), undefined, file);
});
