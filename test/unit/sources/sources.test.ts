import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";
import type { Context } from "../../../src/model/context.ts";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import { createLayout } from "../../../src/model/layout.ts";
import { requireSource, withoutCredentials } from "../../../src/sources/index.ts";
import { plainSettings } from "../../support/plain-settings.ts";

const problem = (code: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === code;

function prepare(test: TestContext): { context: Context; directory: string } {
  const directory = mkdtempSync(`${tmpdir()}/virtform-sources-`);
  const host = createLocalHost();
  test.after(async () => {
    await host.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const settings = plainSettings(directory);
  const secret = () => assert.fail("no secret is needed");
  return {
    directory,
    context: { host, layout: createLayout(directory), settings, project: "test", secret, signal: new AbortController().signal },
  };
}

const fetchFile = async (context: Context, source: string, to: string, maxBytes?: number) =>
  requireSource(source).fetch(context, { source, to, digests: ["sha256"], ...(maxBytes === undefined ? {} : { maxBytes }) });

test("the source follows from how the address begins", () => {
  for (const [source, scheme] of [
    ["/srv/a.qcow2", "file"],
    ["file:///srv/a.qcow2", "file"],
    ["http://host/a", "http"],
    ["https://host/a", "https"],
    ["HTTPS://host/a", "https"],
  ] as const) {
    assert.equal(requireSource(source).scheme, scheme);
  }
});

test("an unknown scheme is named together with the known ones", () => {
  assert.throws(
    () => requireSource("ftp://ops:secret@host/a"),
    (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.diagnostics[0]?.summary, "Unsupported image source: ftp://host/a");
      assert.equal(
        error.diagnostics[0]?.detail,
        "Use an absolute path or an address with file://, http://, https://, rbd://, glance://, glance+http://, instance://, volume://.",
      );
      return true;
    },
  );
  assert.throws(() => requireSource("a.qcow2"), problem("image-source-unknown"));
  assert.throws(() => requireSource("glance://0b4ca6a8/"), /Invalid address of an image in Glance/);
  for (const source of ["rbd://vms/a", "rbd://fsid/images//snap", "rbd://fsid/images/a/snap/more", "rbd://fsid/%/a/snap"])
    assert.throws(() => requireSource(source), problem("image-source-invalid"));
  assert.equal(requireSource("rbd://0c1d/images/debian%2F13/snap").scheme, "rbd");
});

test("files are copied with their digests, by path, by address, and through a link that the user wrote", async (test) => {
  const { context, directory } = prepare(test);
  writeFileSync(`${directory}/my image.raw`, "content");
  symlinkSync("my image.raw", `${directory}/latest`);
  for (const source of [
    `${directory}/my image.raw`,
    `file://${directory}/my%20image.raw`,
    `file://localhost${directory}/latest`,
    `${directory}/latest`,
  ]) {
    const { bytes, digests } = await fetchFile(context, source, `${directory}/part`);
    assert.deepEqual([bytes, digests], [7, { sha256: createHash("sha256").update("content").digest("hex") }]);
    assert.equal(readFileSync(`${directory}/part`, "utf8"), "content");
  }
});

test("a missing file, a file that is too large and anything but a file are refused with a reason", async (test) => {
  const { context, directory } = prepare(test);
  const to = `${directory}/part`;
  mkdirSync(`${directory}/images`);
  execFileSync("mkfifo", [`${directory}/pipe`]);
  symlinkSync(`${directory}/images`, `${directory}/link-to-directory`);
  symlinkSync(`${directory}/none`, `${directory}/dangling`);
  writeFileSync(`${directory}/large`, "0123456789");
  await assert.rejects(fetchFile(context, `${directory}/none`, to), problem("image-source-missing"));
  for (const name of ["images", "pipe", "link-to-directory"])
    await assert.rejects(fetchFile(context, `${directory}/${name}`, to), problem("image-source-not-a-file"));
  await assert.rejects(fetchFile(context, "/dev/zero", to), problem("image-source-not-a-file"));
  await assert.rejects(fetchFile(context, `${directory}/dangling`, to), problem("image-source-missing"));
  await assert.rejects(fetchFile(context, "file://elsewhere/srv/a", to), problem("image-source-invalid"));
  await assert.rejects(
    fetchFile(context, `${directory}/large`, to, 9),
    (error: unknown) => error instanceof RefusedError && error.code === "image-too-large",
  );
});

test("the web brings the bytes with their digests", async (test) => {
  const { context, directory } = prepare(test);
  const server = http.createServer((_request, response) => response.end("from the web"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => void server.close());
  const { bytes, digests } = await fetchFile(context, `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`, `${directory}/part`);
  assert.equal(bytes, 12);
  assert.equal(digests.sha256, createHash("sha256").update("from the web").digest("hex"));
  assert.equal(readFileSync(`${directory}/part`, "utf8"), "from the web");
});

test("nothing secret stays in an address that is shown or recorded", () => {
  for (const [address, shown] of [
    ["/srv/a@b?token=x", "/srv/a@b?token=x"],
    ["https://host/a", "https://host/a"],
    ["https://name:pass@host:8080/a@b", "https://host:8080/a@b"],
    ["https://name:p@ss@host/a", "https://host/a"],
    ["https://token@host?x=y#f", "https://host?x=y#f"],
    [
      "https://host/a?X-Amz-Credential=AK&X-Amz-Date=2026&X-Amz-Signature=s#top",
      "https://host/a?X-Amz-Credential=***&X-Amz-Date=2026&X-Amz-Signature=***#top",
    ],
    ["rbd://user:key@pool/image", "rbd://pool/image"],
  ] as const) {
    assert.equal(withoutCredentials(address), shown);
  }
});
