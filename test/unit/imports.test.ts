import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../../src/", import.meta.url));

/** The rooms of src that each room may import, beside itself. `top` stands for the files directly in src. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  config: ["model"],
  engine: ["model"],
  report: ["model"],
  host: ["model"],
  tools: ["model"],
  sources: ["model", "tools", "drivers"],
  drivers: ["model", "tools"],
  kinds: ["model", "tools", "sources", "drivers"],
  commands: ["model", "config", "engine", "report", "host", "tools", "sources", "drivers", "kinds", "top"],
  top: ["model", "config", "engine", "report", "host", "tools", "sources", "drivers", "kinds", "commands"],
};

/**
 * The rooms of src/kinds and the rooms that each may import, from the ground up. `config` is what may be written (all schemas, their
 * types) and the questions to it; `top` stands for the other files directly in src/kinds.
 */
const kindsMayImport: Readonly<Record<string, readonly string[]>> = {
  terms: [],
  config: ["terms"],
  chain: ["terms"],
  power: ["terms"],
  presence: [],
  directory: ["terms", "presence"],
  host: ["terms", "presence", "config"],
  image: ["terms", "chain", "config"],
  published: ["terms", "chain", "config", "image"],
  secret: ["terms", "presence", "directory"],
  disk: ["terms", "chain", "config", "power", "directory", "image", "secret"],
  volume: ["terms", "chain", "config", "power", "directory", "image", "secret", "disk"],
  guest: ["terms", "chain", "config", "power", "directory", "disk", "volume"],
  network: ["terms", "config", "guest"],
  capacity: ["terms", "config", "host", "image", "disk", "volume"],
  instance: ["terms", "chain", "config", "power", "presence", "directory", "image", "secret", "disk", "volume", "guest"],
  "security-group": ["terms", "config", "power", "guest", "instance"],
  top: [
    "terms",
    "config",
    "host",
    "image",
    "published",
    "secret",
    "disk",
    "volume",
    "network",
    "guest",
    "capacity",
    "instance",
    "security-group",
  ],
};

/** Rooms that see a machine only through the Host interface. */
const hostOnly = ["model", "engine", "tools", "sources", "drivers", "kinds"];
const machineModules = /^node:(?:fs|fs\/promises|child_process|net|http|https|http2|dgram|tls)$/;

/** Packages with one home. */
const homes: readonly (readonly [packageName: RegExp, home: RegExp])[] = [
  [/^execa$/, /^host\/(?:local\/)?command\.ts$/],
  [/^proper-lockfile$/, /^host\/(?:local\/)?lock\.ts$/],
  [/^ajv(?:\/|$)/, /^config\/validate\.ts$/],
  [/^(?:ink|react)(?:\/|$)/, /^report\/tui\//],
];

/** Names of drivers. Outside src/drivers nothing is decided by one of them. */
const driverWord = /["'`](?:flat|qcow2|lvm|rbd|ploop)["'`]|\.(?:lvm|rbd|ploop)\b|drivers\/(?:flat|qcow2|lvm|rbd|ploop)\b/;

/** Where such a word is the name of something else. */
const otherMeanings: readonly (readonly [file: RegExp, meaning: string])[] = [
  [/^drivers\//, "the drivers themselves"],
  [/^tools\//, "programs and formats that drivers use"],
  [/^sources\/rbd\.ts$/, "the scheme of an image source, which shares how Ceph is reached"],
  [/^kinds\/image\//, "formats of images"],
  [/^kinds\/disk\/backing\.ts$/, "the format of a backing file"],
];

interface Import {
  readonly file: string;
  readonly target: string;
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for await (const file of glob("**/*.{ts,tsx}", { cwd: src })) {
    const text = readFileSync(join(src, file), "utf8");
    const statements = /(?:^(?:import|export)\b[^"';]*?from |^import |\bimport\()"([^"]+)"/gm;
    for (const [, target = ""] of text.matchAll(statements)) found.push({ file, target });
  }
  return found;
}

function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "top";
}

test("each room of src imports only the rooms that it may", async () => {
  const all = await imports();
  assert.ok(all.length > 500, "the imports were not found");
  const wrong = all
    .filter(({ target }) => target.startsWith("."))
    .map(({ file, target }) => ({ file, path: normalize(join(dirname(file), target)) }))
    .filter(({ file, path }) => {
      const [from, to] = [roomOf(file), roomOf(path)];
      return from !== to && mayImport[from]?.includes(to) !== true;
    });
  assert.deepEqual(
    wrong.map(({ file, path }) => `${file} imports ${path}`),
    [],
  );
});

function roomOfKinds(path: string): string {
  const [first = "", ...rest] = path.slice("kinds/".length).split("/");
  if (
    ["config", "config.ts", "schema.ts", "schema-parts.ts"].includes(first) ||
    /^(?:schema|source-pattern|.+-(?:schema|keys))\.ts$/.test(rest.at(-1) ?? "")
  )
    return "config";
  return rest.length === 0 ? "top" : first;
}

test("each room of src/kinds imports only rooms below it", async () => {
  const rooms = Object.keys(kindsMayImport);
  for (const [index, room] of rooms.entries()) {
    for (const other of kindsMayImport[room] ?? [])
      assert.ok(rooms.indexOf(other) < index, `${room} may import ${other}, which is above it`);
  }
  const arrows = (await imports())
    .filter(({ file, target }) => file.startsWith("kinds/") && target.startsWith("."))
    .map(({ file, target }) => ({ file, path: normalize(join(dirname(file), target)) }))
    .filter(({ path }) => path.startsWith("kinds/"));
  assert.ok(arrows.length > 100, "the imports were not found");
  const wrong = arrows.filter(({ file, path }) => {
    const [from, to] = [roomOfKinds(file), roomOfKinds(path)];
    return from !== to && kindsMayImport[from]?.includes(to) !== true;
  });
  assert.deepEqual(
    wrong.map(({ file, path }) => `${file} imports ${path}`),
    [],
  );
});

test("rooms that see a machine through the Host interface use no file, process or socket of their own", async () => {
  const wrong = (await imports()).filter(({ file, target }) => hostOnly.includes(roomOf(file)) && machineModules.test(target));
  assert.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test("each package that has a home is imported only there", async () => {
  const wrong = (await imports()).filter(({ file, target }) => homes.some(([name, home]) => name.test(target) && !home.test(file)));
  assert.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test("no driver is named outside src/drivers", async () => {
  const named: string[] = [];
  for await (const file of glob("**/*.{ts,tsx}", { cwd: src })) {
    if (otherMeanings.some(([allowed]) => allowed.test(file))) continue;
    const lines = readFileSync(join(src, file), "utf8").split("\n");
    // Hints for people may name a key of the configuration, as in `host.rbd`.
    named.push(
      ...lines.flatMap((line, index) =>
        driverWord.test(line.replaceAll(/\bhost\.\w+/g, "")) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
    );
  }
  assert.deepEqual(named, []);
});

test("each exception from that rule is still one", async () => {
  const files = await Array.fromAsync(glob("**/*.{ts,tsx}", { cwd: src }));
  for (const [allowed, meaning] of otherMeanings) {
    const used = files.some((file) => allowed.test(file) && driverWord.test(readFileSync(join(src, file), "utf8")));
    assert.ok(used, `${allowed}: ${meaning}`);
  }
});

test("names of things in the making, and of directories by uuid, are spelled in model/layout.ts alone", async () => {
  const spelled: string[] = [];
  for await (const file of glob("{kinds,drivers,sources,model}/**/*.ts", { cwd: src })) {
    const text = readFileSync(join(src, file), "utf8");
    if (file !== "model/layout.ts" && /\.part[`"$]|\[0-9a-f\]\{8\}\(-\[0-9a-f\]\{4\}\)\{3\}-/.test(text)) spelled.push(file);
  }
  assert.deepEqual(spelled, []);
});
