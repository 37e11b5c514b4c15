import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";

/** A publisher with OpenPGP keys of its own. */
export interface Signer {
  /** Its public keys, armored. */
  readonly publicKeys: string;
  /** Signs a file into another one. */
  readonly sign: (from: string, to: string, how: "--detach-sign" | "--clearsign", options?: readonly string[]) => void;
  readonly gpg: (args: readonly string[], input?: string) => string;
}

/** Makes a key with gpg, which is removed after the test. `options`: of gpg, such as a time that is not now. */
export function makeSigner(t: Pick<TestContext, "after">, name: string, expires = "never", options: readonly string[] = []): Signer {
  const home = mkdtempSync(`${tmpdir()}/virtform-gpg-`);
  const gpg = (args: readonly string[], input?: string) =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--no-tty", "--yes", ...args], {
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      ...(input === undefined ? {} : { input }),
    });
  t.after(() => {
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    rmSync(home, { recursive: true, force: true });
  });
  gpg([...options, "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", expires]);
  return {
    publicKeys: gpg(["--armor", "--export"]),
    sign: (from, to, how, more = []) => void gpg([...more, "--local-user", name, "--output", to, how, from]),
    gpg,
  };
}
