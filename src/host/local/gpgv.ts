import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SignedFile } from "../../model/publisher-door.ts";
import { runCommand } from "./command.ts";

const limits = { cpuSeconds: 20, addressSpaceBytes: 512 * 2 ** 20, fileBytes: 16 * 2 ** 20 };

/**
 * What gpgv says about a signature by the keys of a ring, and the text that was signed. It sees no other keys and settings than those: its home is a
 * private directory that is removed afterwards. Throws a CommandError when it is not installed or does not end.
 */
export async function runGpgv(
  { keys, content, signature }: SignedFile,
  signal: AbortSignal,
): Promise<{ readonly report: string; readonly content: Buffer }> {
  const directory = await mkdtemp(join(tmpdir(), "virtform-gpgv-"));
  try {
    const path = (name: string) => join(directory, name);
    await Promise.all([
      writeFile(path("keys.gpg"), keys),
      writeFile(path("content"), content),
      ...(signature === null ? [] : [writeFile(path("signature"), signature)]),
    ]);
    const files = signature === null ? ["--output", path("signed"), path("content")] : [path("signature"), path("content")];
    const { stdout } = await runCommand({
      program: "gpgv",
      args: ["--homedir", directory, "--keyring", path("keys.gpg"), "--status-fd", "1", ...files],
      timeoutMs: 30_000,
      limits,
      okExitCodes: [0, 1, 2],
      signal,
    });
    // Text before and after the signed part of the file is not covered by the signature.
    const signed = signature === null ? await readFile(path("signed")).catch(() => Buffer.alloc(0)) : content;
    return { report: stdout, content: signed };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
