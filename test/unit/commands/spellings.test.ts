import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInvocation } from "../../../src/commands/parse-invocation.ts";
import { plan } from "../../../src/commands/plan.ts";
import { UserError } from "../../../src/model/errors.ts";
import { runMain } from "./run-main.ts";

const parsed = (...argv: string[]) => {
  const invocation = parseInvocation("plan", plan, argv);
  if (invocation === "help") throw new Error("help was not asked for");
  return invocation;
};

test("options are understood as Terraform writes them", () => {
  const invocation = parsed("-out=site.plan", "-target=web", "-target", "db", "-detailed-exitcode", "-json", "site/");
  assert.equal(invocation.text("out"), "site.plan");
  assert.deepEqual(invocation.texts("target"), ["web", "db"]);
  assert.ok(invocation.flag("detailed-exitcode") && invocation.flag("json"));
  assert.deepEqual(invocation.positionals, ["site/"]);
});

test("options of Terraform that do not exist name what to use instead", () => {
  for (const [word, remedy] of [
    ["-refresh=false", /Every plan reads the host/],
    ["-input=false", /asked only on a terminal/],
    ["-lock=false", /takes no lock/],
    ["-y", /--auto-approve/],
    ["--yes", /--auto-approve/],
    ["-tarjet=web", /Did you mean --target\?/],
    ["-C", /comes before the command/],
  ] as const) {
    assert.throws(
      () => parsed(word),
      (error: unknown) => error instanceof UserError && remedy.test(error.diagnostics[0]?.detail ?? ""),
      word,
    );
  }
});

test("version and help are understood with one dash", async (t) => {
  assert.match((await runMain(t, ["-version"], {})).stdout, /^virtform \d/);
  assert.match((await runMain(t, ["-help"], {})).stdout, /^virtform: plan and apply/);
  assert.match((await runMain(t, ["plan", "-help"], {})).stdout, /^Show what apply would do/);
});

test("hints for commands of Terraform suggest no command that is only similar", async (t) => {
  for (const [word, remedy] of [
    ["get", /`include`/],
    ["providers", /speaks to libvirt itself/],
    ["login", /over ssh/],
    ["test", /`virtform validate`/],
    ["state", /no state file/],
  ] as const) {
    const { stderr } = await runMain(t, [word], {});
    assert.match(stderr, remedy, word);
    assert.doesNotMatch(stderr, /Did you mean/, word);
  }
});

test("-C and -chdir run a command in another directory", async (t) => {
  const files = { "virtform.yaml": "project: shop\n" };
  for (const argv of [["-C", "."], ["-chdir=."]]) {
    const { code, stdout } = await runMain(t, [...argv, "validate"], files);
    assert.deepEqual([code, stdout], [0, "The configuration is valid (1 file).\n"]);
  }
  const missing = await runMain(t, ["-C", "nowhere", "validate"], files);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^Error: Cannot change to the directory nowhere\n\n {2}It does not exist\. Name another one after -C\.\n/);
  const empty = await runMain(t, ["-C", "/proc/self", "validate"], files);
  assert.match(empty.stderr, /^Error: No configuration in directory: \/proc\/\d+\n/);
});

test("with --json, every error of a command line is JSON on standard output", async (t) => {
  const files = { "virtform.yaml": "project: shop\n" };
  const failed = async (...argv: string[]) => {
    const { code, stdout } = await runMain(t, argv, files);
    assert.equal(code, 1);
    return stdout;
  };
  const list = JSON.parse(await failed("list", "--json", "--nope"));
  assert.deepEqual([list.errored, list.diagnostics[0].code], [true, "unknown-option"]);
  const plan = JSON.parse(await failed("plan", "--json", "--nope"));
  assert.deepEqual([plan.complete, plan.diagnostics[0].code], [false, "unknown-option"]);
  const apply = (await failed("apply", "--json", "--parallelism=0")).trimEnd().split("\n");
  assert.deepEqual(
    apply.map((line) => JSON.parse(line).type),
    ["version", "diagnostic"],
  );
  const show = JSON.parse(await failed("show", "--format", "json", "nowhere/site.yaml"));
  assert.deepEqual([show.errored, typeof show.diagnostics[0].summary], [true, "string"]);
  assert.equal(await failed("list", "--nope"), "", "without --json, standard output stays empty");
});

test("commands of Terraform and virsh that do not exist name what to use instead", async (t) => {
  for (const [word, remedy] of [
    ["import", /virtform adopt/],
    ["state", /no state file/],
    ["taint", /--replace ADDR/],
    ["logs", /virtform console NAME/],
    ["reboot", /virtform restart NAME/],
    ["rename", /renamed_from/],
    ["aply", /Did you mean `virtform apply`\?/],
    ["--out=x", /The command comes first/],
  ] as const) {
    const { code, stderr } = await runMain(t, [word], {});
    assert.equal(code, 1);
    assert.match(stderr, remedy);
  }
});

test("with --json, every error of a command line is JSON, also of a command without JSON", async (t) => {
  for (const argv of [
    ["nothing", "--json"],
    ["graph", "--json", "--nope"],
    ["ssh", "--format=json", "--nope"],
    ["list", "--format", "json", "--nope"],
  ]) {
    const { code, stdout } = await runMain(t, argv, {});
    assert.equal(code, 1);
    const { errored, diagnostics } = JSON.parse(stdout) as { errored: boolean; diagnostics: { code: string }[] };
    assert.deepEqual([errored, diagnostics.length], [true, 1], argv.join(" "));
    assert.match(diagnostics[0]?.code ?? "", /^unknown-/);
  }
});

test("a path that a command has no use for is an error, and one behind the verb of image is the configuration", async (t) => {
  const files = { "virtform.yaml": "project: shop\n" };
  const schema = await runMain(t, ["schema", "site/"], files);
  assert.deepEqual([schema.code, schema.stdout], [1, ""]);
  assert.match(schema.stderr, /^Error: The schema does not depend on site\/\n/);
  const image = await runMain(t, ["image", "list", "./none.yaml"], files);
  assert.deepEqual([image.code, image.stdout], [1, ""]);
  assert.match(image.stderr, /No such file or directory: none\.yaml|none\.yaml/);
});

test("graph --format with an unknown language names the known ones", async (t) => {
  const { code, stderr } = await runMain(t, ["graph", "--format", "xyz"], { "virtform.yaml": "project: shop\n" });
  assert.equal(code, 1);
  assert.match(stderr, /^Error: Not a language of graphs: xyz\n\n {2}--format takes dot or mermaid\.\n/);
});

test("validate warns about an image without a checksum, and the configuration is valid", async (t) => {
  const files = { "virtform.yaml": "project: shop\nimages:\n  debian: { source: https://example.org/a.qcow2, disk_format: qcow2 }\n" };
  const { code, stdout, stderr } = await runMain(t, ["validate"], files);
  assert.deepEqual([code, stdout], [0, "The configuration is valid (1 file).\n"]);
  assert.match(stderr, /^Warning: Image debian has no checksum\n\n {2}with image\/debian\n {2}on virtform\.yaml:3:3\n/);
});
