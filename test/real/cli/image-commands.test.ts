import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { stringify } from "yaml";
import { broken, rest, startServer, whole } from "../../unit/host/web-server.ts";
import { createWorkspace, makeImage, type Workspace } from "./support/workspace.ts";

interface Listed {
  readonly name: string;
  readonly entry: string;
  readonly declared: boolean;
  readonly status: string;
  readonly path: string | null;
  readonly file_size: number | null;
  readonly allocated: number | null;
  readonly virtual_size: number | null;
  readonly backed: readonly string[];
  readonly copied: readonly string[];
}

async function images({ mustRun }: Workspace, path = "."): Promise<readonly Listed[]> {
  return JSON.parse((await mustRun(["image", "list", "--json", "--path", path])).stdout);
}

/** Writes one byte into a base image, as nothing should. */
async function damage(path: string): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  await file.write(Buffer.from("!"), 0, 1, 4096);
  await file.close();
  await chmod(path, 0o444);
}

test("base images are listed with three sizes, verified by their bytes, and removed when no disk needs them", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/small.qcow2`);
  const text = (flow: string) => `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }
images:
  small: { source: ./small.qcow2, disk_format: qcow2 }
  later: { source: ./later.qcow2, disk_format: qcow2 }
flavors: { tiny: { vcpus: 1, ram: 64MiB, disk: 128MiB } }
instances:
${flow}`;
  const both = `  ${project}: { image: small, flavor: tiny, power_state: stopped }
  ${project}-flat: { image: small, flavor: tiny, power_state: stopped, images_type: flat }
`;
  await writeFile(`${directory}/virtform.yaml`, text("  {}\n"));
  assert.deepEqual(
    (await images(workspace)).map(({ name, status }) => [name, status]),
    [
      ["small", "queued"],
      ["later", "queued"],
    ],
  );
  await writeFile(`${directory}/virtform.yaml`, text(both).replace(/.*later.*\n/, ""));
  await workspace.mustRun(["apply", "--auto-approve"]);
  const [small] = await images(workspace);
  assert.ok(small !== undefined && small.path !== null);
  assert.equal(small.status, "active");
  assert.equal(small.file_size, (await stat(`${directory}/small.qcow2`)).size);
  assert.ok((small.allocated ?? 0) < (small.virtual_size ?? 0) && small.file_size !== small.allocated);
  assert.deepEqual([small.backed, small.copied], [[`disk/${project}.root`], [`disk/${project}-flat.root`]]);
  assert.match(
    (await workspace.mustRun(["image", "list"])).stdout,
    /^NAME +STATUS +FORMAT +FILE +ALLOCATED +VIRTUAL +DISKS.*\nsmall +active +qcow2→raw .* 2 /,
  );

  assert.match((await workspace.mustRun(["show", "image/small"])).stdout, /^image\/small:\n {2}declared: true\n {2}status: active\n/);
  assert.match((await workspace.mustRun(["image", "verify"])).stdout, /^intact +small: sha256:[0-9a-f]{64}\n$/);
  await damage(small.path);
  const changed = await workspace.run(["image", "verify", "small"]);
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /^changed +small: .* was written to since it was published\n/);
  assert.match(changed.stdout, new RegExp(`damaged with it: disk/${project}\\.root\n`));
  assert.match(changed.stdout, new RegExp(`copied from it, .*: disk/${project}-flat\\.root\n`));

  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
  const plan = await workspace.run(["plan", "--verify"]);
  assert.equal(plan.code, 1);
  assert.match(plan.stderr, /The base image of small was written to/);

  const kept = await workspace.run(["image", "rm", "small", "--auto-approve"]);
  assert.equal(kept.code, 1);
  assert.match(kept.stderr, /The base image of small is kept: a disk is backed by it/);
  await workspace.mustRun(["destroy", "--auto-approve", "--allow-destroy"]);
  await workspace.mustRun(["image", "rm", "small", "--auto-approve"]);
  assert.deepEqual(
    (await readdir(`${instancesPath}/_base`)).filter((name) => /^[0-9a-f]{40}/.test(name)),
    [],
  );
  const gone = await workspace.run(["image", "rm", "small", "--auto-approve"]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /The image cache has no base image of small/);
});

test("a name means the image of this configuration: one that another project fetched under another name, and not another project's", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath, mustRun, run } = workspace;
  await makeImage(`${directory}/shared.qcow2`);
  await makeImage(`${directory}/own.qcow2`);
  const write = async (name: string, images: object) => {
    await mkdir(`${directory}/${name}`);
    const host = { instances_path: instancesPath, virt_type: "qemu", allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } };
    await writeFile(`${directory}/${name}/virtform.yaml`, stringify({ project: `${project}-${name}`, host, images }));
    await mustRun(["apply", name, "--auto-approve"]);
  };
  const shared = { source: `${directory}/shared.qcow2`, disk_format: "qcow2" };
  const own = { source: `${directory}/own.qcow2`, disk_format: "qcow2" };
  await write("one", { debian: shared });
  await write("two", { debian: own, other: shared });

  assert.match((await mustRun(["image", "verify", "other", "--path", "two"])).stdout, /^intact +other: /);
  const verified = (await mustRun(["image", "verify", "--path", "two"])).stdout;
  assert.deepEqual(verified.match(/(?<=^intact +)\w+/gm)?.sort(), ["debian", "other"]);
  const strange = await run(["image", "rm", "debian", "--auto-approve", "--path", "one"]);
  assert.equal(strange.code, 0, strange.stderr);
  assert.deepEqual(
    (await images(workspace, "two")).map(({ name, status }) => `${name} ${status}`),
    ["debian active", "other queued"],
  );
  await mustRun(["apply", "two", "--auto-approve"]);
  await mustRun(["image", "rm", "other", "--auto-approve", "--path", "two"]);
  const last = (await images(workspace, "one")).find(({ declared }) => !declared);
  assert.ok(last?.name === "debian");
  assert.match((await run(["image", "rm", "debian", "--auto-approve", "--path", "one"])).stderr, /no base image of debian[\s\S]*its entry/);
  await mustRun(["image", "rm", last.entry.slice(0, 7), "--auto-approve", "--path", "one"]);
});

test("image outdated names images whose sources have new content, from the web and from a file, and fetches nothing", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/web.qcow2`);
  await makeImage(`${directory}/near.qcow2`);
  const content = await readFile(`${directory}/web.qcow2`);
  let tag = '"one"';
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": content.length, etag: tag });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await writeFile(
    `${directory}/virtform.yaml`,
    `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }
images:
  web: { source: "http://127.0.0.1:${port}/web.qcow2", disk_format: qcow2 }
  near: { source: ./near.qcow2, disk_format: qcow2 }
`,
  );
  assert.match(
    (await workspace.mustRun(["image", "outdated"])).stdout,
    /^unknown +web: not fetched yet\nunknown +near: not fetched yet\n$/,
  );
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.match((await workspace.mustRun(["image", "outdated"])).stdout, /^current +web: same ETag\ncurrent +near: same content\n$/);
  tag = '"two"';
  await writeFile(`${directory}/near.qcow2`, "something else");
  const outdated = await workspace.run(["image", "outdated"]);
  assert.equal(outdated.code, 2);
  assert.match(outdated.stdout, /^outdated +web: its ETag was "one" and is "two"\noutdated +near: its content is sha256:/);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
});

test("image outdated reports a source that cannot be asked as failed, goes on with the others, and exits with 1", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/web.qcow2`);
  const content = await readFile(`${directory}/web.qcow2`);
  let status = 200;
  const server = createServer(({ url }, response) => {
    const failing = url !== "/fine.qcow2" && status !== 200;
    response.writeHead(failing ? status : 200, failing ? {} : { "content-length": content.length, etag: `"${status}"` });
    response.end(failing ? "no" : content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await writeFile(
    `${directory}/virtform.yaml`,
    `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }
images:
  web: { source: "http://127.0.0.1:${port}/web.qcow2", disk_format: qcow2 }
  fine: { source: "http://127.0.0.1:${port}/fine.qcow2", disk_format: qcow2 }
`,
  );
  await workspace.mustRun(["apply", "--auto-approve"]);
  for (const [answer, words] of [
    [401, /failed +web: the server answers 401\. The server asks for credentials\./],
    [403, /failed +web: the server answers 403\. The server refuses it/],
    [404, /failed +web: the server answers 404\. Check the address/],
    [500, /failed +web: the server answers 500\. Try again later/],
  ] as const) {
    status = answer;
    const { code, stdout } = await workspace.run(["image", "outdated"]);
    assert.match(stdout, words);
    assert.match(stdout, /outdated +fine: its ETag was "200"/);
    assert.equal(code, 1);
  }
  const { code, stdout } = await workspace.run(["image", "outdated", "--json"]);
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { image?: string; outcome?: string });
  assert.deepEqual(
    results.flatMap(({ image, outcome }) => (image === undefined ? [] : [`${image} ${outcome}`])),
    ["web failed", "fine outdated"],
  );
  assert.equal(code, 1);
});

test("a program gets each step of an image, the events and the journal have it, and its failure is a warning", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/small.qcow2`);
  await writeFile(`${directory}/hook`, '#!/bin/sh\ncat >> "$1"\n', { mode: 0o755 });
  const write = (hook: string, images: string) =>
    writeFile(
      `${directory}/virtform.yaml`,
      `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 }, event_hook: ${hook} }
images: ${images}
`,
    );
  const told = `${directory}/told`;
  await write(`[${directory}/hook, ${told}]`, "{ small: { source: ./small.qcow2, disk_format: qcow2 } }");
  const { stdout } = await workspace.mustRun(["apply", "--auto-approve", "--json"]);
  const events = (await readFile(told, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const file = await readFile(`${directory}/small.qcow2`);
  const sha256 = createHash("sha256").update(file).digest("hex");
  assert.deepEqual(
    events.map(({ event, image, project: owner, bytes, sha256: digest }) => [event, image, owner, bytes, digest]),
    [
      ["image.prepare", "small", project, undefined, undefined],
      ["image.upload", "small", project, file.length, sha256],
      ["image.activate", "small", project, file.length, sha256],
    ],
  );
  assert.ok(events.every(({ at, host }) => !Number.isNaN(Date.parse(at)) && host === "localhost"));
  const types = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  assert.deepEqual(
    types.filter((type) => type.startsWith("image_")),
    ["image_prepare", "image_upload", "image_activate"],
  );
  const journals = await readdir(`${instancesPath}/journal`);
  const journal = await readFile(
    `${instancesPath}/journal/${journals
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .at(-1)}`,
    "utf8",
  );
  assert.match(journal, /"status":"image\.activate","image":"small"/);

  await writeFile(`${directory}/other.qcow2`, file);
  await write(`[${directory}/hook, ${told}]`, "{ other: { source: ./other.qcow2, disk_format: qcow2 } }");
  await workspace.mustRun(["plan", "--out", `${directory}/site.plan`]);
  await workspace.mustRun(["apply", `${directory}/site.plan`]);
  assert.match(await readFile(told, "utf8"), /"event":"image\.prepare","image":"other"/, "the program of a saved plan");

  await write("[/bin/false]", `{ wrong: { source: ./small.qcow2, disk_format: qcow2, checksum: "sha256:${"0".repeat(64)}" } }`);
  const failed = await workspace.run(["apply", "--auto-approve", "--json"]);
  assert.equal(failed.code, 1);
  const lines = failed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { code, detail } = lines.find(({ type }) => type === "image_error")?.image ?? {};
  assert.equal(code, "image-checksum-mismatch");
  assert.match(detail, /checksum/);
  assert.ok(lines.some(({ diagnostic }) => diagnostic?.code === "event-hook-failed" && diagnostic.severity === "warning"));
});

test("a mirror gives what the source does not, and plan, events, journal, list and show name it", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/web.qcow2`);
  const content = await readFile(`${directory}/web.qcow2`);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/good/web.qcow2") response.end(content);
    else response.writeHead(request.url === "/busy/web.qcow2" ? 503 : 200).end("<html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const write = (image: string, host = "") =>
    writeFile(
      `${directory}/virtform.yaml`,
      `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 }${host} }
images:
  web: { source: "${origin}/busy/web.qcow2", disk_format: qcow2, ${image} }
`,
    );
  await write(`checksum: "sha256:${sha256}"`, ", image_retries: 1");
  const busy = await workspace.run(["apply", "--auto-approve"]);
  assert.match(busy.stdout.replaceAll(/\s+/g, " "), /the server answers 503 .*Tried 2 times in a row/);
  assert.equal(asked.length, 2);

  const mirrors = `mirrors: ["${origin}/wrong/web.qcow2", "${origin}/good/web.qcow2"]`;
  await write(mirrors);
  assert.match((await workspace.run(["plan"])).stderr, /Image web has mirrors and no checksum/);
  await write(`${mirrors}, checksum: "sha256:${sha256}"`, ", image_retry_time: 1m");
  assert.match((await workspace.mustRun(["plan"])).stdout, /\+ mirrors +http:\S+wrong\/web\.qcow2, http:\S+good\/web\.qcow2/);
  const { stdout } = await workspace.mustRun(["apply", "--auto-approve", "--json"]);
  assert.deepEqual(asked.slice(2), ["/busy/web.qcow2", "/wrong/web.qcow2", "/good/web.qcow2"]);
  const uploaded = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .find(({ type }) => type === "image_upload");
  const mirror = `${origin}/good/web.qcow2`;
  assert.equal(uploaded["@message"], `Image web: its bytes are here, from the mirror ${mirror}`);
  assert.equal(uploaded.image.mirror, mirror);
  const journals = (await readdir(`${instancesPath}/journal`)).filter((name) => name.endsWith(".jsonl")).sort();
  const journal = await readFile(`${instancesPath}/journal/${journals.at(-1)}`, "utf8");
  assert.ok(journal.includes(`"mirror":"${mirror}"`), journal);
  const [listed] = JSON.parse((await workspace.mustRun(["image", "list", "--json"])).stdout);
  assert.equal(listed.mirror, mirror);
  assert.match((await workspace.mustRun(["show", `base/${listed.entry}`])).stdout, /mirror: http:\S+good\/web\.qcow2/);
  assert.match(
    (await workspace.run(["image", "outdated"])).stdout,
    /^unknown +web: it came from http:\S+good\/web\.qcow2, and not from its source\n$/,
  );
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
});

test("image outdated compares what the source stated, also where a mirror gave the last bytes", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, project, instancesPath } = workspace;
  await makeImage(`${directory}/web.qcow2`);
  const content = await readFile(`${directory}/web.qcow2`);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const newer = whole(content, { etag: '"v2"' });
  const source = await startServer(t, broken(content, content.length >> 1), whole(content), newer);
  const mirror = await startServer(t, rest(content, { etag: '"of the mirror"' }));
  await writeFile(
    `${directory}/virtform.yaml`,
    `project: ${project}
host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }
images:
  web: { source: "${source.origin}/web.qcow2", mirrors: ["${mirror.origin}/web.qcow2"], checksum: "sha256:${sha256}", disk_format: qcow2 }
`,
  );
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual([source.seen.length, mirror.seen.length], [1, 1]);
  const outdated = async () => (await workspace.run(["image", "outdated"])).stdout;
  assert.match(await outdated(), /^current +web: same ETag\n$/);
  assert.match(await outdated(), /^outdated +web: its ETag was "v1" and is "v2"\n$/);
});
