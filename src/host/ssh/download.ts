import { setTimeout as pause } from "node:timers/promises";
import { CommandError, RefusedError, type UserError, userError } from "../../model/errors.ts";
import type { Command, CommandResult, Digests, Download, Files } from "../../model/host.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { refuseTooLarge } from "../sink.ts";

/** How often a transfer is retried, and after which pauses. */
export interface CurlPatience {
  readonly retries: number;
  readonly pauseMs: number;
}

const usual: CurlPatience = { retries: 3, pauseMs: 1000 };
const longMs = 24 * 3_600_000;
/** Interval of progress reports. */
const lookMs = 1000;

/** Exit codes of curl that are worth a retry: names, connections, timeouts, partial transfers. */
const again = new Set([6, 7, 18, 28, 35, 52, 55, 56, 92]);
/** The server cannot resume: the file changed, or ranges are not supported. */
const cannotContinue = new Set([33, 36]);
const busy = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The last response head. */
export interface Head {
  readonly status: number;
  readonly length: number | undefined;
  /** What tells one version of the file from another: a strong tag, else a date. */
  readonly validator: string | undefined;
}

/**
 * Lets the host download an address itself, with curl. An interrupted transfer is resumed if the server reports the same
 * file. On failure nothing is left on the host. Addresses can hold passwords, so curl reads them from its standard input.
 */
export async function downloadWithCurl(
  run: (command: Command) => Promise<CommandResult>,
  files: Files,
  request: Download,
  patience: CurlPatience = usual,
): Promise<{ bytes: number; digests: Digests }> {
  const { url, to, digests, maxBytes, signal, onProgress } = request;
  const shown = withoutCredentials(url);
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol)) throw userError("address-invalid", `Not an http or https address: ${shown}`);
  await files.remove(to);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(to).catch(() => undefined));
  // Readable by its owner only, until it gets its final name and mode.
  await files.truncate(to, 0);
  await files.setMode(to, 0o600);
  let total: number | undefined;
  const timer = setInterval(() => {
    files.stat(to).then(
      (state) => onProgress?.(state?.size ?? 0, total),
      () => undefined,
    );
  }, lookMs);
  undo.defer(async () => clearInterval(timer));

  let validator: string | undefined;
  let best = 0;
  for (let failures = 0; ; ) {
    const done = (await files.stat(to))?.size ?? 0;
    const resuming = done > 0 && validator !== undefined;
    if (done > 0 && !resuming) await files.truncate(to, 0);
    const attempt = await runCurl(
      run,
      { ...request, address, offset: resuming ? done : 0, validator: resuming ? validator : undefined },
      (head) => {
        total = head.length === undefined ? undefined : head.length + (head.status === 206 ? done : 0);
      },
    );
    const { code, head, said } = attempt;
    const size = (await files.stat(to))?.size ?? 0;
    if (code === 63 || code === 153 || code === 23)
      refuseTooLarge(shown, Math.max(total ?? 0, size, code === 23 ? 0 : (maxBytes ?? 0) + 1), maxBytes);
    if (code === 0 && (head?.status === 200 || head?.status === 206)) break;
    if (cannotContinue.has(code) || (resuming && (head?.status === 416 || (head?.status === 200 && code !== 0)))) {
      await files.truncate(to, 0);
      validator = undefined;
      failures += 1;
    } else {
      if (head?.status === 200) validator = head.validator;
      failures = size > best ? 1 : failures + 1;
      best = Math.max(best, size);
      const retry = again.has(code) || (code === 22 && busy.has(head?.status ?? 0));
      if (!retry) throw givenUp(shown, attempt, failures);
    }
    if (failures > patience.retries) throw givenUp(shown, { code, head, said }, failures);
    await pause(patience.pauseMs * 2 ** (failures - 1), undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw userError("interrupted", `The download of ${shown} was stopped`);
    });
  }
  const bytes = (await files.stat(to))?.size ?? 0;
  refuseTooLarge(shown, bytes, maxBytes);
  onProgress?.(bytes, bytes);
  // Zeros become holes where the filesystem supports it.
  await run({ program: "fallocate", args: ["--dig-holes", to], timeoutMs: longMs }).catch(onlyCommandErrors);
  await run({ program: "sync", args: ["--", to], timeoutMs: longMs });
  const result = { bytes, digests: await files.digest(to, digests) };
  clearInterval(timer);
  undo.move();
  return result;
}

interface Attempt {
  readonly code: number;
  readonly head: Head | undefined;
  readonly said: string;
}

async function runCurl(
  run: (command: Command) => Promise<CommandResult>,
  request: Download & { readonly address: URL; readonly offset: number; readonly validator: string | undefined },
  tell: (head: Head) => void,
): Promise<Attempt> {
  const { address, offset, validator, maxBytes, to, signal } = request;
  const secure = address.protocol === "https:";
  const options = [
    "silent",
    "show-error",
    "fail",
    "location",
    "globoff",
    "max-redirs = 10",
    // Never from https to http, and never to a local file.
    `proto = "=http,https"`,
    `proto-redir = "=${secure ? "https" : "http,https"}"`,
    "connect-timeout = 30",
    "speed-limit = 1",
    "speed-time = 60",
    `user-agent = "virtform"`,
    `header = "Accept-Encoding: identity"`,
    `dump-header = "-"`,
    `output = ${quoted(to)}`,
    ...(offset === 0 ? [] : [`continue-at = ${offset}`, `header = ${quoted(`If-Range: ${validator}`)}`]),
    ...(maxBytes === undefined ? [] : [`max-filesize = ${Math.max(1, maxBytes)}`]),
    `url = ${quoted(address.href)}`,
  ];
  const heads: string[] = [];
  const onLine = (line: string) => {
    if (/^HTTP\//.test(line)) heads.length = 0;
    heads.push(line);
    if (/^content-length:/i.test(line)) {
      const head = parseHead(heads);
      if (head !== undefined) tell(head);
    }
  };
  // A file larger than allowed cannot even be written.
  const bound = maxBytes === undefined ? [] : [`--fsize=${Math.max(1, maxBytes)}`];
  try {
    const { exitCode, stderr } = await run({
      program: "prlimit",
      args: [...bound, "--core=0", "--", "curl", "--disable", "--config", "-"],
      stdin: `${options.join("\n")}\n`,
      timeoutMs: longMs,
      okExitCodes: Array.from({ length: 128 }, (_, code) => code),
      onLine,
      ...(signal === undefined ? {} : { signal }),
    });
    return { code: exitCode, head: parseHead(heads), said: stderr };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.reason === "aborted") throw userError("interrupted", `The download of ${withoutCredentials(request.url)} was stopped`);
    if (/SIGXFSZ/.test(error.message)) return { code: 153, head: parseHead(heads), said: "" };
    throw error;
  }
}

/** The last answer's head from its lines. */
export function parseHead(lines: readonly string[]): Head | undefined {
  const status = /^HTTP\/[\d.]+ (\d+)/.exec(lines[0] ?? "")?.[1];
  if (status === undefined) return undefined;
  const value = (name: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const etag = value("etag");
  const length = value("content-length");
  return {
    status: Number(status),
    length: length === undefined ? undefined : Number(length),
    validator: etag !== undefined && !etag.startsWith("W/") ? etag : value("last-modified"),
  };
}

/** A value in curl's configuration language. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function onlyCommandErrors(error: unknown): void {
  if (!(error instanceof CommandError)) throw error;
}

function givenUp(shown: string, { code, head, said }: Attempt, attempts: number): UserError | RefusedError {
  const words = said
    .split("\n")
    .map((line) => line.replace(/^curl: /, "").trim())
    .filter((line) => line !== "")
    .at(-1);
  if (code === 1) {
    return new RefusedError(
      "redirect-insecure",
      `${shown} redirects to an address that is not followed: anybody on the way could change the image.`,
    );
  }
  const why = code === 22 && head !== undefined ? `the server answers ${head.status}` : (words ?? `curl ended with ${code}`);
  const tried = attempts > 1 ? ` Tried ${attempts} times in a row without getting further.` : "";
  return userError(
    "download-failed",
    `The host cannot download ${shown}: ${why}`,
    `Check the address, and the way from the host to it.${tried}`,
  );
}
