import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../../src/kinds/config.ts";
import { codes, flavors, images, load, workspace } from "./workspace.ts";

test("the files of a directory are one configuration", async (context) => {
  const cwd = workspace(context, {
    "virtform.yaml": `project: shop\n${images}${flavors}`,
    "web.virtform.yaml": "instances: { web: { image: debian, flavor: small } }\n",
    "db.virtform.yaml": "instances: { db: { image: debian, flavor: small } }\n",
    "other.yaml": "nonsense: 1\n",
  });
  const loaded = await load(cwd);
  assert.deepEqual(loaded.diagnostics, []);
  assert.deepEqual(loaded.files, ["virtform.yaml", "db.virtform.yaml", "web.virtform.yaml"]);
  const config = loaded.config as Config;
  assert.deepEqual(Object.keys(config.instances ?? {}), ["db", "web"]);
  assert.equal(config.project, "shop");
});

test("a file that is named twice is read once", async (context) => {
  const cwd = workspace(context, { "virtform.yaml": images });
  symlinkSync("virtform.yaml", join(cwd, "same.virtform.yaml"));
  const loaded = await load(cwd, ".", "virtform.yaml");
  assert.deepEqual(loaded.diagnostics, []);
  assert.deepEqual(loaded.files, ["virtform.yaml"]);
});

test("relative paths start at the file that names them", async (context) => {
  const cwd = workspace(context, {
    "site/virtform.yaml": [
      "images:",
      "  a: { source: ./debian.raw, disk_format: raw }",
      "  b: { source: ../debian.raw, disk_format: raw }",
      "  c: { source: debian.raw, disk_format: raw }",
      "  d: { source: /srv/debian.raw, disk_format: raw }",
      "  e: { source: https://example.org/debian.raw, disk_format: raw }",
      "  f: { source: file:///srv/debian.raw, disk_format: raw }",
    ].join("\n"),
    "site/keys.virtform.yaml": "key_pairs: { ops: { public_key_file: keys/ops.pub } }\n",
    "site/keys/ops.pub": "ssh-ed25519 AAAAC3Nz ops\n",
  });
  const loaded = await load(cwd, "site");
  assert.deepEqual(loaded.diagnostics, []);
  const config = loaded.config as Config;
  assert.deepEqual(
    Object.values(config.images ?? {}).map((image) => image.source),
    [
      join(cwd, "site/debian.raw"),
      join(cwd, "debian.raw"),
      join(cwd, "site/debian.raw"),
      "/srv/debian.raw",
      "https://example.org/debian.raw",
      "file:///srv/debian.raw",
    ],
  );
  assert.deepEqual(config.key_pairs, { ops: { public_key: "ssh-ed25519 AAAAC3Nz ops" } });
});

test("user data: inline, by path, by file, by reference", async (context) => {
  const instance = (name: string, data: string) => `  ${name}:\n    image: debian\n    flavor: small\n    user_data: ${data}\n`;
  const cwd = workspace(context, {
    "virtform.yaml": `${images}${flavors}instances:\n${instance("inline", "|\n      #cloud-config\n      a: 1")}${instance("path", "./data.txt")}${instance("file", "{ file: data.txt }")}${instance("env", "{ env: DATA }")}${instance("script", '"/bin/sh\\nexit\\n"')}${instance("word", "nothing.txt")}`,
    "data.txt": "#!two\r\nlines\n",
  });
  const loaded = await load(cwd);
  assert.deepEqual(codes(loaded), ["text-start-unknown", "text-start-unknown"]);
  const data = Object.entries((loaded.config as Config).instances ?? {}).map(([name, { user_data }]) => [name, user_data]);
  assert.deepEqual(Object.fromEntries(data), {
    inline: { text: "#cloud-config\na: 1\n" },
    path: { text: "#!two\r\nlines\n" },
    file: { text: "#!two\r\nlines\n" },
    env: { env: "DATA" },
    script: { text: "/bin/sh\nexit\n" },
    word: { text: "nothing.txt" },
  });
});

test("user data may have 65535 bytes when encoded, no more (Nova CFG-16)", async (context) => {
  const of = (bytes: number) =>
    `${images}${flavors}instances: { a: { image: debian, flavor: small, user_data: { file: data } } }\n# ${bytes}\n`;
  const fits = workspace(context, { "virtform.yaml": of(49149), data: `#!${"é".repeat(24573)}` });
  assert.deepEqual(codes(await load(fits)), []);
  const over = workspace(context, { "virtform.yaml": of(49152), data: `#!${"é".repeat(24575)}` });
  assert.deepEqual(codes(await load(over)), ["text-too-long"]);
});

test("place: the value, the key of a mapping, the nearest thing above what was not written", async (context) => {
  const cwd = workspace(context, {
    "virtform.yaml": `${images}${flavors}`,
    "b.virtform.yaml": "instances:\n  web:\n    image: debian\n    flavor: small\n    networks:\n      - network: default\n",
  });
  const { place } = await load(cwd);
  const file = "b.virtform.yaml";
  assert.deepEqual(place(["instances", "web", "flavor"]), { file, line: 4, column: 13, text: "small", source: "    flavor: small" });
  assert.deepEqual(place(["instances", "web"]), { file, line: 2, column: 3, text: "web", source: "  web:" });
  assert.deepEqual(place(["instances", "web", "uuid"]), { file, line: 2, column: 3, text: "web", source: "  web:" });
  assert.deepEqual(place(["instances", "web", "networks", 0, "network"]), {
    file,
    line: 6,
    column: 18,
    text: "default",
    source: "      - network: default",
  });
  assert.deepEqual(place(["images", "debian", "source"])?.file, "virtform.yaml");
  assert.deepEqual(place(["host", "uri"]), { file: "virtform.yaml", line: 1, column: 1 });
});

test("a line that may hold a secret is not shown whole", async (context) => {
  const yaml = `${images}${flavors}instances:\n  web: { admin_password: { env: PW }, flavor: small }\n`;
  const { place } = await load(workspace(context, { "virtform.yaml": yaml }));
  assert.deepEqual([place(["instances", "web", "flavor"])?.text, place(["instances", "web", "flavor"])?.source], ["small", undefined]);
});

test("anchors, aliases and merge keys", async (context) => {
  const cwd = workspace(context, {
    "virtform.yaml": `${images}${flavors}instances:\n  a: &a { image: debian, flavor: small, metadata: { role: web } }\n  b: *a\n  c: { <<: *a, power_state: stopped, metadata: { role: db } }\n  d: { <<: [{ power_state: stopped }, *a] }\n`,
  });
  const loaded = await load(cwd);
  assert.deepEqual(loaded.diagnostics, []);
  const { a, b, c, d } = (loaded.config as Config).instances ?? {};
  assert.deepEqual(b, a);
  assert.notEqual(b, a);
  assert.deepEqual(c, { ...a, power_state: "stopped", metadata: { role: "db" } });
  assert.deepEqual(d, { ...a, power_state: "stopped" });
});

test("paths at which there is no configuration", async (context) => {
  const cwd = workspace(context, { "empty/readme.txt": "", "yml/virtform.yml": images, "file.yaml": images });
  mkdirSync(join(cwd, "virtform.yaml"));
  const empty = await load(cwd, "empty");
  assert.deepEqual(codes(empty), ["no-configuration"]);
  assert.equal(empty.place([]), undefined);
  assert.match((await load(cwd, "yml")).diagnostics[0]?.detail ?? "", /Rename virtform\.yml to virtform\.yaml/);
  assert.deepEqual(codes(await load(cwd, "nowhere", "file.yaml/virtform.yaml")), ["file-not-found", "file-not-found"]);
  assert.deepEqual(codes(await load(cwd)), ["not-a-file"]);
  assert.deepEqual(codes(await load(cwd, "/dev/zero")), ["not-a-file"]);
});

test("files and directories that may not be read", async (context) => {
  const cwd = workspace(context, { "closed/virtform.yaml": images, "file.yaml": images });
  chmodSync(join(cwd, "file.yaml"), 0o000);
  chmodSync(join(cwd, "closed"), 0o000);
  chmodSync(cwd, 0o755);
  const root = process.geteuid?.() === 0;
  // Root may read everything, so it steps back for a moment.
  if (root) process.seteuid?.(65534);
  try {
    assert.deepEqual(codes(await load(cwd, "file.yaml", "closed")), ["file-not-readable", "file-not-readable"]);
  } finally {
    if (root) process.seteuid?.(0);
    chmodSync(join(cwd, "closed"), 0o755);
  }
});

test("what an unreadable file would declare is not called unknown", async (context) => {
  const cwd = workspace(context, { "virtform.yaml": `${flavors}instances: { a: { image: debian, flavor: small } }\n` });
  assert.deepEqual(codes(await load(cwd)), ["unknown-reference"]);
  assert.deepEqual(codes(await load(cwd, ".", "images.yaml")), ["file-not-found"]);
});

test("an earlier name that is still declared, or that two entries name", async (context) => {
  const cwd = workspace(context, {
    "virtform.yaml": `project: shop
images: { tiny: { source: /tiny.img, disk_format: raw } }
flavors: { small: { vcpus: 1, ram: 64MiB, disk: 1GiB } }
instances:
  web: { image: tiny, flavor: small }
  site: { image: tiny, flavor: small, renamed_from: web }
  a: { image: tiny, flavor: small, renamed_from: old }
  b: { image: tiny, flavor: small, renamed_from: old }
  second: { image: tiny, flavor: small, renamed_from: first }
  third: { image: tiny, flavor: small, renamed_from: second }
  east: { image: tiny, flavor: small, renamed_from: west }
  west: { image: tiny, flavor: small, renamed_from: east }
`,
  });
  const { diagnostics } = await load(cwd);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === "error").map(({ code, at }) => [code, at?.line, at?.column]),
    [
      ["earlier-name-in-use", 6, 53],
      ["earlier-name-in-use", 8, 50],
      ["earlier-name-in-use", 11, 53],
      ["earlier-name-in-use", 12, 53],
    ],
  );
});
