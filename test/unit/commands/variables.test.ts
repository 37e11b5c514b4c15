import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../../src/commands/index.ts";
import { runMain } from "./run-main.ts";

const site = `project: shop
variables: { env: { enum: [dev, prod] }, ram: { type: size, default: 1GiB } }
x-common: &common { image: debian, flavor: small }
images: { debian: { source: ./debian.raw, disk_format: raw } }
flavors: { small: { vcpus: 1, ram: "\${var.ram}", disk: 1GiB } }
instances:
  web: { <<: *common, for_each: [a, b], metadata: { env: "\${var.env}" } }
`;
const files = {
  "virtform.yaml": site,
  "prod.yaml": "override: true\nflavors: { small: { vcpus: 4 } }\n",
  "prod.vars.yaml": "env: prod\nram: 8GiB\n",
};

test("every command that reads a configuration takes values for its variables", async () => {
  const without = new Set(["init", "completion"]);
  for (const [name, { load }] of Object.entries(commands)) {
    const { options } = await load();
    assert.ok(without.has(name) || ("var" in options && "var-file" in options), name);
  }
});

test("a value that is missing is an error of validate, with the ways to give it", async (t) => {
  const { code, stderr } = await runMain(t, ["validate"], files);
  assert.equal(code, 1);
  assert.match(stderr, /The variable env has no value\n\n {2}on virtform\.yaml:2:14/);
  assert.match(stderr.replaceAll(/\s+/g, " "), /--var env=VALUE, --var-file FILE, or VIRTFORM_VAR_env in the environment/);
});

test("options count in the order of the command line", async (t) => {
  const ram = async (...argv: readonly string[]) => {
    const { code, stdout, stderr } = await runMain(t, ["config", "--json", ...argv], files);
    assert.equal(code, 0, stderr);
    const { config, variables } = JSON.parse(stdout);
    return [config.flavors.small.ram, config.flavors.small.vcpus, variables.map(({ from }: { from: string }) => from)];
  };
  assert.deepEqual(await ram("--var", "env=dev"), ["1GiB", 1, ["--var", "default"]]);
  assert.deepEqual(await ram("--var", "ram=2GiB", "--var-file", "prod.vars.yaml"), [
    "8GiB",
    1,
    ["prod.vars.yaml:1:1", "prod.vars.yaml:2:1"],
  ]);
  assert.deepEqual(await ram(".", "prod.yaml", "--var-file=prod.vars.yaml", "--var=ram=2GiB"), [
    "2GiB",
    4,
    ["prod.vars.yaml:1:1", "--var"],
  ]);
});

test("what config prints is a configuration that stands for the same, with the place of each line", async (t) => {
  const { stdout } = await runMain(t, ["config", "--var", "env=prod", ".", "prod.yaml"], files);
  assert.match(stdout, /^ {4}vcpus: 4 +# prod\.yaml:2:21$/m);
  assert.match(stdout, /^ {2}web-a: +# virtform\.yaml:7:3: This is the copy of web with each\.key "a"\.$/m);
  assert.match(stdout, /^ {6}env: prod +# virtform\.yaml:7:\d+: The value comes from \$\{var\.env\} \(--var env\)\.$/m);
  const again = await runMain(t, ["config", "--json"], { "virtform.yaml": stdout });
  const first = await runMain(t, ["config", "--json", "--var", "env=prod", ".", "prod.yaml"], files);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(JSON.parse(again.stdout).config, JSON.parse(first.stdout).config);
});

test("image lock says where the checksum of a copy is written", async (t) => {
  const copies =
    "project: shop\nimages:\n  disk:\n    for_each: { a: { path: ./a.raw } }\n    source: ${each.value.path}\n    disk_format: raw\n";
  const { code, stderr } = await runMain(t, ["image", "lock"], { "virtform.yaml": copies, "a.raw": "" });
  assert.equal(code, 1);
  assert.match(stderr.replaceAll(/\s+/g, " "), /image disk-a cannot be written into the file It is a copy of disk in virtform\.yaml:3/);
});
