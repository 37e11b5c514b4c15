import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import type { VariableInputs } from "../../../src/config/variables/given.ts";
import { schema } from "../../../src/kinds/schema.ts";
import { flavors, images, workspace } from "./workspace.ts";

const declared = `project: shop
variables:
  env: { enum: [dev, prod], default: dev }
  ram: { type: size, default: 1GiB }
  count: { type: number, default: 1, maximum: 3 }
  up: { default: true }
  zones: { default: [a] }
  tags: { default: { a: b } }
  password: { type: secret, default: { env: NOTHING } }
images: { debian: { source: ./debian.raw, disk_format: raw } }
flavors: { small: { vcpus: "\${var.count}", ram: "\${var.ram}", disk: 1GiB } }
instances:
  web:
    image: debian
    flavor: small
    autostart: "\${var.up}"
    hostname: "\${var.env}.example.org"
    metadata: { zones: "\${join(' ', var.zones)}", tag: "\${default(var.tags.a, 'none')}", count: "\${var.count}" }
    admin_password: "\${var.password}"
`;

const pair = (text: string) => ({ pair: text });

async function loaded(context: TestContext, inputs: VariableInputs, files: Readonly<Record<string, string>> = {}) {
  const cwd = workspace(context, { "virtform.yaml": declared, ...files });
  const { config, diagnostics, variables } = await loadConfig([], { schema, cwd, ...inputs });
  const { flavors: sizes, instances } = config as { flavors: Record<string, { vcpus: number; ram: number }>; instances: { web: object } };
  return {
    said: diagnostics.map(
      ({ code, summary, detail, at }) => `${at === undefined ? "" : `${at.file}:${at.line} `}${code}: ${summary}: ${detail}`,
    ),
    small: sizes["small"],
    web: instances.web as Record<string, unknown>,
    from: Object.fromEntries(variables.map(({ name, from }) => [name, from])),
    variables,
  };
}

test("each type of variable is read from a text, and has its type where it is used", async (t) => {
  const given = ["env=prod", "ram=2GiB", "count=3", "up=false", "zones=[x, y]", "tags={b: c}", "password={command: [pass, show, web]}"];
  const { said, small, web, from } = await loaded(t, { given: given.map(pair) });
  assert.deepEqual(said, []);
  assert.deepEqual([small?.vcpus, small?.ram], [3, 2 * 2 ** 30]);
  assert.deepEqual([web["autostart"], web["hostname"]], [false, "prod.example.org"]);
  assert.deepEqual(web["metadata"], { zones: "x y", tag: "none", count: "3" });
  assert.deepEqual(web["admin_password"], { command: ["pass", "show", "web"] });
  assert.deepEqual(new Set(Object.values(from)), new Set(["--var"]));
});

test("what is given by hand counts more than the environment, and the last one more than those before it", async (t) => {
  const files = { "prod.vars.yaml": "env: prod\nram: 3GiB\n" };
  const env = { VIRTFORM_VAR_env: "prod", VIRTFORM_VAR_count: "2", VIRTFORM_VAR_ram: "7GiB", VIRTFORM_VAR_other: "x" };
  const file = { file: "prod.vars.yaml" };
  const one = await loaded(t, { env, given: [pair("ram=2GiB"), file] }, files);
  assert.deepEqual(one.said, []);
  assert.equal(one.small?.ram, 3 * 2 ** 30);
  assert.deepEqual(
    [one.from["env"], one.from["ram"], one.from["count"], one.from["up"]],
    ["prod.vars.yaml:1:1", "prod.vars.yaml:2:1", "VIRTFORM_VAR_count", "default"],
  );
  const other = await loaded(t, { env, given: [file, pair("ram=2GiB")] }, files);
  assert.equal(other.small?.ram, 2 * 2 ** 30);
  assert.equal(other.web["hostname"], "prod.example.org");
});

test("a secret in the environment is used by reference, and is in no output", async (t) => {
  const { said, web, variables } = await loaded(t, { env: { VIRTFORM_VAR_password: "hunter2" } });
  assert.deepEqual(said, []);
  assert.deepEqual(web["admin_password"], { env: "VIRTFORM_VAR_password" });
  assert.deepEqual(
    variables.find(({ name }) => name === "password"),
    { name: "password", value: null, sensitive: true, from: "VIRTFORM_VAR_password" },
  );
  assert.doesNotMatch(JSON.stringify(variables), /hunter2/);
});

test("a secret on the command line is refused and not shown", async (t) => {
  for (const text of ["password=hunter2", "password={hunter2: hunter2}", "password=[hunter2", "password='hunter2"]) {
    const { said } = await loaded(t, { given: [pair(text)] });
    assert.match(said.join("\n"), /^variable-value: password: expected \{ env: NAME \}.*VIRTFORM_VAR_password/);
    assert.doesNotMatch(said.join("\n"), /hunter2/);
  }
});

test("every mistake in what is given is reported", async (t) => {
  const given = [
    pair("evn=prod"),
    pair("env"),
    pair("count=many"),
    pair("ram=2GB"),
    pair("zones=[a"),
    { file: "gone.yaml" },
    { file: "bad.yaml" },
    { file: "list.yaml" },
  ];
  const { said } = await loaded(t, { given }, { "bad.yaml": "up: perhaps\nnope: 1\n", "list.yaml": "- a\n" });
  assert.deepEqual(said, [
    "bad-variable: --var needs NAME=VALUE: For example --var env=prod.",
    "file-not-found: No such file: gone.yaml: The file does not exist. Check the spelling; relative paths are relative to the file that contains them.",
    "variable-value: ram: expected a size: a number with a binary unit, such as 512MiB or 20GiB: --var ram is given. The variable has the type size.",
    "variable-value: count: expected a number: --var count is given. The variable has the type number.",
    'unknown-variable: Unknown variable "evn" (--var evn): The configuration declares no such variable. Did you mean "env"?',
    "list.yaml:1 not-a-mapping: The file is not a mapping: A file of values has a line NAME: VALUE for each variable.",
    "--var zones:1 yaml-syntax: A [ is not closed: Its ] is missing. Everything that follows is read as a part of it.",
    "bad.yaml:1 variable-value: up: expected true or false: The variable has the type boolean.",
    'bad.yaml:2 unknown-variable: Unknown variable "nope": The configuration declares no such variable. Possible: env, ram, count, up, zones, tags, password.',
  ]);
});

test("a mistake in a value that is given has the place in the value", async (t) => {
  const cwd = workspace(t, {
    "virtform.yaml": `project: a\nvariables: { nets: { type: list } }\n${images}${flavors}instances: { web: { image: debian, flavor: small, networks: "\${var.nets}" } }\n`,
  });
  const { diagnostics } = await loadConfig([], { schema, cwd, given: [pair("nets=[{ network: default, modle: virtio }]")] });
  assert.deepEqual(
    diagnostics.map(({ code, at, detail }) => [code, at?.file, at?.column, detail?.slice(-50)]),
    [["unknown-key", "--var nets", 22, "The value comes from ${var.nets} (--var nets:1:1)."]],
  );
});

test("values of include are evaluated where it is written, and relative paths start there", async (t) => {
  const cwd = workspace(t, {
    "virtform.yaml": `project: a
variables: { kind: { default: web }, key: { default: ./keys/ops.pub } }
include:
  blue: { path: "./modules/\${var.kind}", prefix: "", variables: { key: "\${var.key}", names: [a, b] } }
`,
    "keys/ops.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtleWtleWtleWtleWtleWtleWtleWtleWtleWtleWtl ops\n",
    "modules/web/virtform.yaml": `variables: { key: {}, names: { type: list } }
images: { debian: { source: ./debian.raw, disk_format: raw } }
${flavors}key_pairs: { ops: { public_key_file: "\${var.key}" } }
instances: { web: { for_each: "\${var.names}", image: debian, flavor: small, key_pair: ops, user_data: ./x.cloud-config } }
`,
    "modules/web/x.cloud-config": "#cloud-config\n",
  });
  const { config, diagnostics, files } = await loadConfig([], { schema, cwd });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(files, ["virtform.yaml", "modules/web/virtform.yaml"]);
  const { instances, images: found } = config as { instances: Record<string, unknown>; images: Record<string, { source: string }> };
  assert.deepEqual(Object.keys(instances), ["web-a", "web-b"]);
  assert.equal(found["debian"]?.source, join(cwd, "modules/web/debian.raw"));
});

test("a file may be included many times without an end, and values may double: both are bounded", async (t) => {
  const doubling = Array.from({ length: 40 }, (_, index) => `  a${index + 1}: ["\${local.a${index}}", "\${local.a${index}}"]`).join("\n");
  const cwd = workspace(t, { "virtform.yaml": `project: a\nlocals:\n  a0: x\n${doubling}\nimages: { debian: "\${local.a40}" }\n` });
  const { diagnostics } = await loadConfig([], { schema, cwd });
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["yaml-too-large"],
  );
  const text = Array.from({ length: 40 }, (_, index) => `  a${index + 1}: "\${local.a${index}}\${local.a${index}}"`).join("\n");
  const long = workspace(t, { "virtform.yaml": `project: a\nlocals:\n  a0: x\n${text}\n` });
  assert.deepEqual(
    (await loadConfig([], { schema, cwd: long })).diagnostics.map(({ code }) => code),
    ["text-too-long"],
  );
});

test("what grows through for_each, join, a long chain or modules in modules is bounded too", async (t) => {
  const codesOf = async (files: Readonly<Record<string, string>>) => {
    const { diagnostics } = await loadConfig([], { schema, cwd: workspace(t, files) });
    return [...new Set(diagnostics.map(({ code }) => code))];
  };
  const list = (count: number, item: (index: number) => string) => Array.from({ length: count }, (_, index) => item(index));
  const growing = list(20, (index) => `  a${index + 1}: "\${join(local.a${index}, var.list)}"`).join("\n");
  const words = `project: a\nvariables: { list: { default: [${list(20, String).join(", ")}] } }\nlocals:\n  a0: xx\n${growing}\n`;
  assert.deepEqual(await codesOf({ "virtform.yaml": words }), ["text-too-long"]);
  const chain = list(5000, (index) => `  a${index}: "\${local.a${index + 1}}"`).join("\n");
  assert.deepEqual(await codesOf({ "virtform.yaml": `project: a\nlocals:\n${chain}\n  a5000: x\n` }), ["local-cycle"]);
  const keys = list(1000, (index) => `k${index}`).join(", ");
  const wide = list(1000, (index) => `m${index}: "\${each.key}"`).join(", ");
  const copies = `project: a\n${images}${flavors}instances:\n  web: { for_each: [${keys}], image: debian, flavor: small, metadata: { ${wide} } }\n`;
  assert.deepEqual(await codesOf({ "virtform.yaml": copies }), ["yaml-too-large"]);
  const below = (index: number) => `include: { x: { for_each: [a, b, c, d, e, f], path: ./${index + 1}.yaml } }\n`;
  const nested = Object.fromEntries(list(8, (index) => `${index}.yaml`).map((name, index) => [name, below(index)]));
  assert.deepEqual(await codesOf({ "virtform.yaml": `project: a\n${below(-1)}`, ...nested, "8.yaml": flavors }), ["include-cycle"]);
});
