import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { commands } from "../../../src/commands/index.ts";
import { usageSlots } from "../../../src/commands/usage-slots.ts";
import { runMain } from "./run-main.ts";

const configuration = `
project: shop
variables:
  env: { default: dev }
  ram: { type: size }
images:
  debian: { source: ./debian.qcow2, disk_format: qcow2 }
flavors:
  small: { vcpus: 1, ram: "\${var.ram}", disk: 10GiB, ephemeral: 1GiB }
volumes:
  data: { size: 1GiB }
instances:
  web: { image: debian, flavor: small, count: 2, hostname: "\${var.env}" }
  db: { flavor: small, volumes: [{ volume: data, boot_index: 0 }], ephemerals: [{ size: 1GiB }], config_drive: false }
`;

/** The candidates for the last word, without what they are for. */
async function candidates(t: TestContext, words: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { code, stdout, stderr } = await runMain(t, ["__complete", ...words], { "virtform.yaml": configuration, ...files });
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0] ?? "");
}

const addresses = [
  "domain/web-0",
  "disk/web-0.root",
  "seed/web-0",
  "domain/web-1",
  "disk/web-1.root",
  "seed/web-1",
  "domain/db",
  "disk/db.eph0",
  "volume/data",
  "image/debian",
];
const targets = ["web-0", "web-1", "db", "data", "debian", ...addresses];

test("config drives of guests that have none are not offered", async (t) => {
  const seeds = async (text: string) => await candidates(t, ["plan", "--target", "seed/"], { "virtform.yaml": text });
  const injected = configuration.replace("count: 2", "count: 2, inject: { partition: 1 }");
  assert.deepEqual(await seeds(injected), []);
  assert.deepEqual(await seeds(`${configuration}\nhost: { virt_type: lxc }\n`), []);
  assert.deepEqual(await seeds(configuration), ["seed/web-0", "seed/web-1"]);
});

test("the first word is a command", async (t) => {
  assert.deepEqual(await candidates(t, [""]), [...Object.keys(commands), "help", "--help", "--version", "-C"]);
  assert.deepEqual(await candidates(t, ["va"]), ["validate"]);
  assert.deepEqual(await candidates(t, ["help", "gr"]), ["graph"]);
  assert.ok(!(await candidates(t, ["_"])).includes("__complete"));
  assert.deepEqual(await candidates(t, ["nothing", ""]), []);
  assert.deepEqual(await candidates(t, []), await candidates(t, [""]));
});

test("options are offered once, with what they are for, and those that repeat again", async (t) => {
  assert.deepEqual(await candidates(t, ["plan", "--det"]), ["--detailed-exitcode"]);
  assert.deepEqual(await candidates(t, ["plan", "--detailed-exitcode", "--det"]), []);
  assert.deepEqual(await candidates(t, ["plan", "--target", "db", "--targ"]), ["--target"]);
  const { stdout } = await runMain(t, ["__complete", "console", "--fo"], {});
  assert.equal(stdout, "--follow\tContinue printing new output\n");
});

test("short options are offered, and options as Terraform writes them are completed", async (t) => {
  const short = (await candidates(t, ["console", "-"])).filter((option) => !option.startsWith("--"));
  assert.deepEqual(short, ["-f", "-n", "-h"]);
  assert.deepEqual(await candidates(t, ["console", "-f", ""]), ["web-0", "web-1", "db"]);
  assert.deepEqual(await candidates(t, ["console", "-f", "-"]).then((all) => all.includes("-f")), false);
  assert.deepEqual(await candidates(t, ["plan", "-targ"]), ["-target"]);
  assert.deepEqual(await candidates(t, ["plan", "-target=disk/d"]), ["-target=disk/db.eph0"]);
  assert.deepEqual(await candidates(t, ["plan", "-target", "disk/d"]), ["disk/db.eph0"]);
  assert.deepEqual(await candidates(t, ["plan", "-var", ""]), ["env=", "ram="]);
});

test("names come from the configuration, also from one with mistakes and missing variables", async (t) => {
  assert.deepEqual(await candidates(t, ["console", ""]), ["web-0", "web-1", "db"]);
  assert.deepEqual(await candidates(t, ["console", "web-0", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["console", "-n", "20", "d"]), ["db"]);
  assert.deepEqual(await candidates(t, ["start", "web-0", ""]), ["web-1", "db", ":files"]);
  assert.deepEqual(await candidates(t, ["restart", ""]), ["web-0", "web-1", "db", ":files"]);
  assert.deepEqual(await candidates(t, ["image", ""]), ["list", "verify", "outdated", "lock", "rm"]);
  assert.deepEqual(await candidates(t, ["image", "lock", ""]), ["debian", ":files"]);
  assert.deepEqual(await candidates(t, ["console", "w"], { "more.virtform.yaml": "instances: { worker: { colour: red } }\n" }), [
    "web-0",
    "web-1",
    "worker",
  ]);
  assert.deepEqual(await candidates(t, ["console", ""], { "virtform.yaml": "instances: [" }), []);
  const strange = 'instances: { "$(reboot)": {}, "a b": {}, "e\\u001b[2J": {}, ok: { count: 1.0e+12 }, none: { count: -1 } }\n';
  const many = await candidates(t, ["console", ""], { "virtform.yaml": strange });
  assert.deepEqual([many.length, many[0], many.at(-1)], [100_000, "ok-0", "ok-99999"]);
  assert.deepEqual(await candidates(t, ["adopt", ""]), [], "domains of the host are not known");
});

test("targets are names and addresses, in each way to write the option", async (t) => {
  assert.deepEqual(await candidates(t, ["plan", "--target", ""]), targets);
  assert.deepEqual(
    await candidates(t, ["plan", "--target="]),
    targets.map((target) => `--target=${target}`),
  );
  // As bash passes it.
  assert.deepEqual(await candidates(t, ["plan", "--target", "=", "disk/d"]), ["--target=disk/db.eph0"]);
  assert.deepEqual(await candidates(t, ["apply", "--allow-destroy=vol"]), ["--allow-destroy=volume/data"]);
  assert.deepEqual(await candidates(t, ["apply", "--allow-destroy", ""]), [":files"], "its value needs the equals sign");
  assert.deepEqual(await candidates(t, ["show", "domain/d"]), ["domain/db", ":files"]);
  const started = targets.filter((target) => target.startsWith("d"));
  assert.deepEqual(await candidates(t, ["drift", "--accept", "d"]), [...started, ":files"]);
});

test("the configuration is that of the PATH and of the directory that are given", async (t) => {
  const other = "project: lab\ninstances: { only: { flavor: small } }\n";
  assert.deepEqual(await candidates(t, ["plan", "other.yaml", "--target", "on"], { "other.yaml": other }), ["only"]);
  assert.deepEqual(await candidates(t, ["drift", "--accept", "./other.yaml", "--target", "on"], { "other.yaml": other }), ["only"]);
  assert.deepEqual(await candidates(t, ["image", "lock", "--path", "other.yaml", ""], { "other.yaml": other }), [":files"]);
  assert.deepEqual(await candidates(t, ["-C", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["-C", ".", "console", "d"]), ["db"]);
  assert.deepEqual(await candidates(t, ["-chdir=/", "console", ""]), []);
  assert.deepEqual(await candidates(t, ["-C", "/no/such/directory", "console", ""]), []);
});

test("values that are known are offered, and files where a path is expected", async (t) => {
  assert.deepEqual(await candidates(t, ["plan", "--format", "j"]), ["json", "junit"]);
  assert.deepEqual(await candidates(t, ["graph", "--format", ""]), ["dot", "mermaid"]);
  assert.deepEqual(await candidates(t, ["list", "--format="]), ["--format=text", "--format=json"]);
  assert.deepEqual(await candidates(t, ["plan", "--report", "ma"]), ["markdown="]);
  assert.deepEqual(await candidates(t, ["plan", "--report", "markdown="]), [":files"]);
  assert.deepEqual(await candidates(t, ["plan", "--host", "kvm1"]), []);
  assert.deepEqual(await candidates(t, ["plan", "--host", "kvm1="]), [":files"]);
  assert.deepEqual(await candidates(t, ["apply", "--report", "t"]), ["text="], "a terminal interface is no report");
  assert.deepEqual(await candidates(t, ["plan", "--var", ""]), ["env=", "ram="]);
  assert.deepEqual(await candidates(t, ["plan", "--var-file", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["plan", "--out", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["apply", "--parallelism", ""]), []);
  assert.deepEqual(await candidates(t, ["completion", ""]), ["bash", "zsh", "fish"]);
  assert.deepEqual(await candidates(t, ["debug", ""]), ["observe", "desired", "plan"]);
  assert.deepEqual(await candidates(t, ["debug", "plan", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["apply", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["schema", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["init", ""]), [":files"]);
  assert.deepEqual(await candidates(t, ["init", "--image", "d"]), ["debian-13"]);
  assert.deepEqual(await candidates(t, ["completion", "bash", ""]), []);
});

test("every word in the usage of a command is known to the completion", async () => {
  const kinds = new Set<string>();
  for (const { load } of Object.values(commands)) {
    for (const slot of usageSlots((await load()).usage, ["--accept"])) for (const kind of slot.kinds) kinds.add(kind);
  }
  assert.deepEqual([...kinds].sort(), ["ADDR", "DIR", "DOMAIN", "IMAGE", "NAME", "PATH", "PLANFILE"]);
});
