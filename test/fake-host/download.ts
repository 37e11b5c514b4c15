import { createHash } from "node:crypto";
import { explainFileError } from "../../src/host/file-error.ts";
import { refuseTooLarge } from "../../src/host/sink.ts";
import { userError } from "../../src/model/errors.ts";
import type { Digests, Download } from "../../src/model/host.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import { sparseOf } from "./sparse.ts";

/** Gets what the machine's table of URLs says. A transfer that breaks leaves what had come. */
export async function fakeDownload(machine: Machine, life: Life, request: Download): Promise<{ bytes: number; digests: Digests }> {
  const { url, to } = request;
  life.check(`download ${url}`);
  const answer = machine.urls.get(url);
  if (answer === undefined) throw userError("download-failed", `${url} answers 404 Not Found`, "Check the address.");
  if ("fails" in answer) throw userError("download-failed", `${url}: ${answer.fails}`, "Try again later.");
  const bytes = "breakAfter" in answer ? answer.bytes : answer;
  const arrived = "breakAfter" in answer ? bytes.subarray(0, answer.breakAfter) : bytes;
  refuseTooLarge(url, bytes.length, request.maxBytes);
  try {
    life.effect(
      `download ${to}`,
      () => machine.files.write(to, sparseOf(arrived), 0o600),
      (left) => left.write(to, sparseOf(bytes.subarray(0, bytes.length / 2))),
    );
  } catch (error) {
    if (!life.dead) machine.files.unlink(to);
    throw explainFileError(error, "write", to);
  }
  if (arrived.length < bytes.length) machine.files.unlink(to);
  if (arrived.length < bytes.length)
    throw userError("download-failed", `${url}: the connection broke after ${arrived.length} bytes`, "Try again.");
  request.onProgress?.(bytes.length, bytes.length);
  return {
    bytes: bytes.length,
    digests: Object.fromEntries(request.digests.map((algorithm) => [algorithm, createHash(algorithm).update(bytes).digest("hex")])),
  };
}
