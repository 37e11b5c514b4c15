import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { TestContext } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { ImageSpec } from "../../../../src/kinds/image/spec.ts";
import { CodedError } from "../../../../src/model/errors.ts";
import type { Json } from "../../../../src/model/json.ts";
import { imageSpec, machine } from "./machine.ts";

/** What must never be read from the host. */
export const secret = "the-secret-of-the-host";

/** A file that is tried as an image. */
export interface Case {
  readonly name: string;
  readonly path: string;
  readonly changes: Partial<ImageSpec>;
  /** The code of the refusal; or the raw bytes, which alone may be published instead. */
  readonly expected: RegExp | { readonly refusedOr: string };
}

export const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Tries every case and gives how many were refused. Each ends in bounded time, for the expected reason, and leaves nothing behind. */
export async function tryAll(t: TestContext, cases: readonly Case[]): Promise<number> {
  let refused = 0;
  const problems: string[] = [];
  const context = machine(t);
  for (const { name, path, changes, expected } of cases) {
    const started = performance.now();
    const spec = imageSpec(path, changes);
    const outcome = await fetchImage
      .run(context, spec as unknown as Json, () => undefined)
      .then(
        () => "accepted",
        (error: unknown) => error,
      );
    if (performance.now() - started > 60_000) problems.push(`${name} takes too long`);
    if (outcome === "accepted") {
      const base = context.layout.baseImage(spec.entry);
      if (expected instanceof RegExp) problems.push(`${name} was accepted`);
      else if (sha256(base) !== expected.refusedOr) problems.push(`${name} was published with other bytes`);
    } else {
      refused += 1;
      if (!(outcome instanceof CodedError)) problems.push(`${name}: ${outcome instanceof Error ? outcome.stack : outcome}`);
      else if (!(expected instanceof RegExp ? expected : /^image-/).test(outcome.code))
        problems.push(`${name}: ${outcome.code}: ${outcome.message}`);
      else if (outcome.message.includes(secret)) problems.push(`${name} shows content of the host`);
      if (existsSync(context.layout.base) && readdirSync(context.layout.base).length > 0) problems.push(`${name} leaves something`);
    }
    rmSync(context.layout.base, { recursive: true, force: true });
  }
  assert.deepEqual(problems, []);
  return refused;
}
