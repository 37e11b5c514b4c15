import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { makeSigner } from "../../support/signer.ts";
import { createWorkspace, makeImage, type Workspace } from "./support/workspace.ts";

/** A web server of a publisher, which says whether its files changed. */
async function servePublisher(t: TestContext, directory: string) {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? "";
    const content = await readFile(`${directory}/${name}`).catch(() => undefined);
    const etag = content === undefined ? "" : `"${createHash("sha256").update(content).digest("hex").slice(0, 16)}"`;
    const status = content === undefined ? 404 : request.headers["if-none-match"] === etag ? 304 : 200;
    requests.push(`${name} ${status}`);
    response.writeHead(status, { etag });
    response.end(status === 200 ? content : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  return { url: (name: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`, requests, stop };
}

/** A publisher with an image and its signed checksums, and a guest of that image. */
async function prepare(t: TestContext, options: { readonly inline?: boolean; readonly bsd?: boolean } = {}) {
  const workspace = await createWorkspace(t);
  const published = `${workspace.directory}/published`;
  await mkdir(published);
  const signer = makeSigner(t, "Publisher <publisher@example.org>");
  const server = await servePublisher(t, published);
  const publish = async (name = "small.qcow2") => {
    const content = await readFile(`${published}/small.qcow2`);
    const hex = createHash(options.bsd === true ? "sha256" : "sha512")
      .update(content)
      .digest("hex");
    await writeFile(`${published}/SUMS`, options.bsd === true ? `# about\nSHA256 (${name}) = ${hex}\n` : `${hex} *${name}\n`);
    if (options.inline === true) {
      signer.sign(`${published}/SUMS`, `${published}/signed`, "--clearsign");
      await writeFile(`${published}/SUMS`, await readFile(`${published}/signed`));
    } else signer.sign(`${published}/SUMS`, `${published}/SUMS.sign`, "--detach-sign");
    return hex;
  };
  await makeImage(`${published}/small.qcow2`);
  await writeFile(`${workspace.directory}/publisher.asc`, signer.publicKeys);
  const checksum = {
    file: server.url("SUMS"),
    ...(options.inline === true ? {} : { signature: server.url("SUMS.sign") }),
    key: "./publisher.asc",
  };
  const write = (more: object = {}) =>
    workspace.write(
      {},
      { images: { small: { source: server.url("small.qcow2"), disk_format: "qcow2", checksum: { ...checksum, ...more } } } },
    );
  await write();
  const hex = await publish();
  // What is remembered of servers belongs to this test.
  const env = { XDG_CACHE_HOME: `${workspace.directory}/cache` };
  return { workspace, published, signer, server, publish, write, checksum, hex, run: (...args: string[]) => workspace.run(args, env) };
}

async function basesOf({ instancesPath }: Workspace): Promise<string[]> {
  return (await readdir(`${instancesPath}/_base`).catch(() => [])).filter((name) => /^[0-9a-f]{40}$/.test(name));
}

const plain = (text: string) => text.replaceAll(/\s+/g, " ");

test("an image is fetched with the digest that its publisher signed; a later image is announced and taken with image lock", async (t) => {
  const { workspace, published, server, publish, run, hex } = await prepare(t);
  const planned = await run("plan");
  assert.equal(planned.code, 0, planned.stderr + planned.stdout);
  assert.match(
    planned.stdout,
    new RegExp(`\\+ checksum +sha512:${hex}\n +\\+ signer +[0-9A-F]{40} \\(Publisher <publisher@example\\.org>\\)`),
  );
  assert.doesNotMatch(planned.stdout + planned.stderr, /has no checksum/);
  const applied = await run("apply", "--auto-approve");
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  const [entry = ""] = await basesOf(workspace);
  const sidecar = JSON.parse(await readFile(`${workspace.instancesPath}/_base/${entry}.json`, "utf8"));
  assert.equal(sidecar.digests.sha512, hex);
  assert.match(sidecar.signed.signer, /^[0-9A-F]{40} \(Publisher/);
  assert.equal(sidecar.signed.file, server.url("SUMS"));

  // Each file is asked for once, and not sent again.
  server.requests.length = 0;
  assert.equal((await run("plan", "--detailed-exitcode")).code, 0);
  assert.deepEqual(server.requests.sort(), ["SUMS 304", "SUMS.sign 304"]);
  assert.match((await run("image", "outdated")).stdout, /^current +small: same sha512 as the signed file has/);

  // The publisher replaces the image under the same name.
  await makeImage(`${published}/small.qcow2`);
  const next = await publish();
  const behind = await run("plan", "--detailed-exitcode");
  assert.equal(behind.code, 0, behind.stdout + behind.stderr);
  assert.match(
    plain(behind.stdout + behind.stderr),
    new RegExp(`Image small is behind what its publisher has.*sha512:${hex}.*sha512:${next}`),
  );
  const outdated = await run("image", "outdated");
  assert.equal(outdated.code, 2);
  assert.match(outdated.stdout, new RegExp(`^outdated +small: .*${next}`));

  const locked = await run("image", "lock");
  assert.equal(locked.stdout, `small: sha512:${next} (signed by its publisher)\n`);
  assert.match(await readFile(`${workspace.directory}/virtform.yaml`, "utf8"), new RegExp(`^ +digest: sha512:${next}$`, "m"));
  assert.equal((await run("apply", "--auto-approve")).code, 0);
  assert.equal((await basesOf(workspace)).length, 2);
  assert.equal((await run("plan", "--detailed-exitcode")).code, 0);

  // The digest in the file keeps the image, and the server is not needed for what is here.
  await makeImage(`${published}/small.qcow2`);
  const third = await publish();
  const kept = await run("plan");
  assert.match(plain(kept.stdout + kept.stderr), /Image small is behind what its publisher has.*`virtform image lock --update small`/);
  await rm(`${workspace.instancesPath}/_base`, { recursive: true });
  const gone = await run("plan");
  assert.equal(gone.code, 1);
  assert.match(plain(gone.stdout + gone.stderr), new RegExp(`The publisher has replaced image small.*sha512:${third} now`));
  assert.equal((await run("image", "lock", "--update")).stdout, `small: sha512:${third} (signed by its publisher)\n`);
  assert.equal((await run("apply", "--auto-approve")).code, 0);
  server.stop();
  const offline = await run("plan", "--detailed-exitcode");
  assert.equal(offline.code, 0, offline.stdout + offline.stderr);
  assert.match(plain(offline.stdout + offline.stderr), /signed checksum of image small may be outdated/);
});

test("a file that holds its own signature works, and only what is signed in it counts", async (t) => {
  const { workspace, published, run, hex } = await prepare(t, { inline: true, bsd: true });
  const text = await readFile(`${published}/SUMS`, "utf8");
  // Text around the signed part is no part of it.
  await writeFile(`${published}/SUMS`, `SHA256 (small.qcow2) = ${"0".repeat(64)}\n${text}SHA256 (small.qcow2) = ${"1".repeat(64)}\n`);
  const planned = await run("plan");
  assert.match(planned.stdout, new RegExp(`checksum +sha256:${hex}`), planned.stderr);
  assert.equal((await run("apply", "--auto-approve")).code, 0);
  assert.equal((await basesOf(workspace)).length, 1);
});

test("each way in which a signed checksum fails has its own code, and nothing is fetched", async (t) => {
  const { workspace, published, signer, publish, write, checksum, run, server } = await prepare(t);
  const fails = async (code: string, words: RegExp) => {
    const failed = await run("apply", "--auto-approve", "--json");
    assert.equal(failed.code, 1, failed.stdout);
    assert.match(failed.stdout, new RegExp(`"code":"${code}"`));
    assert.match(failed.stdout, words);
    assert.deepEqual(await basesOf(workspace), []);
  };
  await write({ key: "./none.asc" });
  await fails("signing-key-unusable", /cannot be read/);
  await writeFile(`${workspace.directory}/none.asc`, "no key");
  await fails("signing-key-unusable", /holds no OpenPGP public key/);
  const stranger = makeSigner(t, "Stranger <stranger@example.org>");
  await writeFile(`${workspace.directory}/none.asc`, stranger.publicKeys);
  await fails("checksum-file-unsigned", /is not signed by a key of/);
  await write({ signature: checksum.file });
  await fails("checksum-file-unsigned", /holds no OpenPGP signature/);
  await write({ signature: server.url("missing.sign") });
  await fails("checksum-file-unavailable", /answers 404/);

  // A signed message in place of a signature does not vouch for the file beside it.
  await write();
  await writeFile(`${published}/other`, "another text");
  signer.gpg(["--output", `${published}/SUMS.sign`, "--sign", `${published}/other`]);
  await fails("checksum-file-unsigned", /holds no OpenPGP signature/);

  await publish();
  await appendFile(`${published}/SUMS`, "a line more\n");
  await fails("checksum-file-forged", /does not match it/);
  await publish("other.qcow2");
  await fails("checksum-file-unlisted", /has no checksum of/);

  const old = makeSigner(t, "Old <old@example.org>", "1y", ["--faked-system-time", "20200101T000000"]);
  await publish();
  old.sign(`${published}/SUMS`, `${published}/SUMS.sign`, "--detach-sign", ["--faked-system-time", "20200601T000000"]);
  await writeFile(`${workspace.directory}/old.asc`, old.publicKeys);
  await write({ key: "./old.asc" });
  await fails("signing-key-expired", /has expired/);

  // What is signed is not what is served.
  await write();
  await publish();
  await makeImage(`${published}/small.qcow2`);
  await fails("image-checksum-mismatch", /does not match the checksum that its publisher signed/);
});
