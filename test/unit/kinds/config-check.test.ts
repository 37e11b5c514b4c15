import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { checkConfig } from "../../../src/kinds/config-check.ts";
import { configRules } from "../../../src/kinds/rules.ts";

const head = `project: shop
images:
  debian: { source: "https://images.test/debian.qcow2", disk_format: qcow2, min_disk: 1GiB }
`;

/** Without the warning that the images of these tests have no checksum. */
const problemsOf = (config: Config) => checkConfig(config).filter(({ code }) => code !== "image-without-checksum");

/** Codes and places of what is wrong with a configuration that matches the schema. */
async function wrong(t: TestContext, yaml: string, files: Readonly<Record<string, Uint8Array>> = {}): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "virtform-config-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "virtform.yaml");
  await writeFile(path, yaml);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  const { config, diagnostics } = await loadConfig([path], configRules());
  assert.deepEqual(diagnostics, []);
  return problemsOf(config as Config).map(
    ({ code, pointer, address, key }) => `${code} ${[...(pointer ?? [address, ...(key ?? [])])].join(".")}`,
  );
}

test("web addresses that name no server or port are errors with their places", async (t) => {
  const checksum = `sha256:${"0".repeat(64)}`;
  const yaml = `project: shop
images:
  a: { source: "https://a:99999/x", disk_format: raw }
  b: { source: "https://b.test/x", checksum: "${checksum}", disk_format: raw, mirrors: ["https://c.test/x", "http://[::1/x"] }
  c: { source: "https://a:65535/x", disk_format: raw }
`;
  assert.deepEqual(await wrong(t, yaml), ["image-source-invalid image/a.source", "image-source-invalid image/b.mirrors.1"]);
});

test("contradictions between keys are found without a host, each once and with its place", async (t) => {
  const yaml = `${head}flavors:
  small: { vcpus: 2, ram: 512MiB, disk: 512MiB, extra_specs: { "quota:vif_inbound_peak": "1" } }
  large: { vcpus: 2, ram: 512MiB, disk: 2GiB, extra_specs: { "quota:vif_inbound_peak": "1" } }
volumes:
  tiny: { size: 1MiB, format: xfs }
instances:
  numa:
    image: debian
    flavor: large
    numa: [{ cpus: "0", memory: 256MiB }]
    cpu_pinning: { "7": "0", "0": "900" }
    secure_boot: true
  small: { image: debian, flavor: small }
  twin: { image: debian, flavor: large, volumes: [{ volume: tiny, device: vda }] }
`;
  assert.deepEqual((await wrong(t, yaml)).sort(), [
    "device-taken domain/twin",
    "disk-too-small-for-filesystem volume/tiny.size",
    "flavor-disk-smaller-than-min-disk instances.small.flavor",
    "hardware-impossible flavors.large.extra_specs.quota:vif_inbound_peak",
    "hardware-impossible flavors.small.extra_specs.quota:vif_inbound_peak",
    "hardware-impossible instances.numa.cpu_pinning.7",
    "hardware-impossible instances.numa.numa.0.cpus",
    "hardware-impossible instances.numa.numa.0.cpus",
    "hardware-impossible instances.numa.secure_boot",
  ]);
});

test("what only some hosts cannot give is left to the plan", async (t) => {
  const yaml = `${head}flavors:
  large: { vcpus: 2, ram: 512MiB, disk: 2GiB }
instances:
  web: { image: debian, flavor: large, cpu_pinning: { "0": "900" }, firmware: uefi, huge_pages: 1GiB, machine: pc-q35-99.0 }
`;
  assert.deepEqual(await wrong(t, yaml), []);
});

test("nothing is wrong with the examples", async () => {
  const examples = new URL("../../../examples/", import.meta.url).pathname;
  for (const example of await readdir(examples)) {
    const { config, diagnostics } = await loadConfig([join(examples, example)], configRules());
    assert.deepEqual([diagnostics, problemsOf(config as Config)], [[], []], example);
  }
});

test("files of a guest have at most 1 MiB each and 16 MiB together", async (t) => {
  const whole = Buffer.alloc(2 ** 20, 1);
  const found = (...contents: readonly string[]) => {
    const files = contents.map((content, index) => `      - { path: /etc/${index}, ${content} }\n`).join("");
    const yaml = `${head}flavors:
  large: { vcpus: 2, ram: 512MiB, disk: 2GiB }
instances:
  web:
    image: debian
    flavor: large
    files:
${files}`;
    return wrong(t, yaml, { whole });
  };
  const long = `base64: ${Buffer.concat([whole, Buffer.of(1)]).toString("base64")}`;
  assert.deepEqual(await found("file: ./whole", long), ["file-too-long instances.web.files.1"]);
  assert.deepEqual(await found(...Array.from({ length: 17 }, () => "file: ./whole")), ["file-too-long instances.web.files"]);
});
