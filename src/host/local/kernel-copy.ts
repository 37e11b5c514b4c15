import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import { errorCodeIn, systemError } from "../system-error.ts";

/** How often the length of the copy is reported. */
const progressMs = 500;

/** A copy that was stopped by its signal. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Copies one open file into another inside the kernel: blocks are shared where the filesystem can, holes are neither read nor written.
 * Both are passed as descriptors, so no name is looked up again. Throws an Error with a system code for what cp reports, a
 * Stopped when the signal aborts.
 */
export function copyInKernel(
  source: number,
  target: number,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((bytes: number) => void) | undefined } = {},
): Promise<void> {
  const { signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    const child = spawn("cp", ["--reflink=auto", "--sparse=always", "--", "/proc/self/fd/3", "/proc/self/fd/4"], {
      stdio: ["ignore", "ignore", "pipe", source, target],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    });
    let said = "";
    const timer = onProgress === undefined ? undefined : setInterval(() => onProgress(fstatSync(target).size), progressMs);
    const stop = () => void child.kill("SIGKILL");
    const settle = () => {
      clearInterval(timer);
      signal?.removeEventListener("abort", stop);
    };
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("close", (code) => {
      settle();
      if (signal?.aborted === true) reject(new Stopped("stopped"));
      else if (code === 0) resolve();
      else reject(systemError(said.trim() === "" ? `cp ended with ${code}` : said, errorCodeIn(said) ?? "EIO", "copy"));
    });
  });
}
