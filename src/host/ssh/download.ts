import type { IncomingHttpHeaders } from "node:http";
import { CommandError } from "../../model/errors.ts";
import type { Command, CommandResult, Download, Files, Transferred } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import type { Validators } from "../../model/web-access.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { type Assembled, changedMeanwhile, createAssembled } from "../assembled.ts";
import { bytesToKeep, downloadRecord, recordedValidators } from "../download-record.ts";
import { isResumable } from "../is-resumable.ts";
import { type Persistence, persist, type Transport } from "../persist.ts";
import { refuseTooLarge } from "../sink.ts";
import { webAddress } from "../web/address.ts";
import { refuseEncoding } from "../web/content-encoding.ts";
import { nextAddress } from "../web/redirect.ts";
import { tlsTrouble } from "../web/tls-trouble.ts";
import { proxyTrouble, statusTrouble, TransferError } from "../web/transfer-error.ts";

const usual: Persistence = { retries: 3, pauseMs: 1000, maxPauseMs: 60_000 };
const longMs = 24 * 3_600_000;
/** Interval of progress reports. */
const lookMs = 1000;

/** Exit code of curl for a transfer that ended early. */
const partial = 18;
/** Exit codes of curl that are worth a retry: names, connections, timeouts, partial transfers. */
const again = new Set([6, 7, partial, 28, 35, 52, 55, 56, 92]);
/** Handshakes that failed, and certificates that are not trusted. */
const aboutTls = new Set([35, 51, 56, 60]);
/** The server cannot resume: the file changed, or ranges are not supported. */
const cannotContinue = new Set([33, 36]);
/** As curl ends where it follows redirections itself. */
const tooManyRedirects = 47;
const moved = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 10;

/** The last response head. */
export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

type Run = (command: Command) => Promise<CommandResult>;

/**
 * Lets the host download an address itself, with curl. An interrupted transfer is resumed if the server proves that the file is the
 * same; with a record, also by a later run. On failure nothing else is left on the host. Addresses and headers can hold secrets, so
 * curl reads them from its standard input.
 */
export async function downloadWithCurl(run: Run, files: Files, request: Download, persistence: Persistence = usual): Promise<Transferred> {
  const { url, alternatives = [], to, record, onProgress } = request;
  const addresses = [url, ...alternatives].map(webAddress);
  const boot = record === undefined ? "" : ((await files.read("/proc/sys/kernel/random/boot_id"))?.toString("latin1").trim() ?? "");
  await using undo = new AsyncDisposableStack();
  const remove = async () => {
    await files.remove(to);
    if (record !== undefined) await files.remove(record);
  };
  undo.defer(() => remove().catch(() => undefined));
  const validators = await openPartial(files, request, boot, remove);
  let total: number | undefined;
  const timer = setInterval(() => {
    files.stat(to).then(
      (state) => onProgress?.(state?.size ?? 0, total),
      () => undefined,
    );
  }, lookMs);
  await using ticking = new AsyncDisposableStack();
  ticking.defer(async () => clearInterval(timer));
  const tell = (length: number) => {
    total = length;
  };
  const assembled = createAssembled(request, addresses, validators);
  const transfer: Transfer = { run, files, request, addresses, assembled, boot, tell };
  const transport: Transport = {
    cannot: "The host cannot download",
    bytes: () => sizeNow(transfer),
    attempt: (asked) => attempt(transfer, asked),
    finish: () => finish(transfer),
    clear: () => files.truncate(to, 0),
  };
  let done: Transferred;
  try {
    done = await persist(request, addresses, assembled, transport, persistence);
  } catch (error) {
    if (record !== undefined && assembled.continuable && isResumable(error)) undo.move();
    throw error;
  }
  onProgress?.(done.bytes, done.bytes);
  undo.move();
  return done;
}

/** Keeps what an earlier run began and gives what is known of it; else begins a new file, readable by its owner only. */
async function openPartial(files: Files, request: Download, boot: string, remove: () => Promise<void>): Promise<Validators> {
  const { to, record } = request;
  const [known, stat] = record === undefined ? [] : await Promise.all([files.read(record).catch(() => undefined), files.stat(to)]);
  const validators = recordedValidators(known, request, boot);
  if (validators !== undefined && stat?.type === "file" && stat.links === 1) {
    await files.truncate(to, bytesToKeep(stat.size, validators));
    return validators;
  }
  await remove();
  await files.truncate(to, 0);
  await files.setMode(to, 0o600);
  return {};
}

/** One file on its way. */
interface Transfer {
  readonly run: Run;
  readonly files: Files;
  readonly request: Download;
  readonly addresses: readonly URL[];
  readonly assembled: Assembled;
  readonly boot: string;
  readonly tell: (total: number) => void;
}

async function sizeNow({ files, request: { to } }: Pick<Transfer, "files" | "request">): Promise<number> {
  return (await files.stat(to))?.size ?? 0;
}

/** Asks an address once (`Transport.attempt`). */
async function attempt(transfer: Transfer, asked: URL): Promise<void> {
  const { request, assembled } = transfer;
  const { maxBytes } = request;
  const { code: ended, head, said } = await follow(transfer, asked);
  const size = await sizeNow(transfer);
  const { length = size } = assembled.validators;
  // Of two lengths in one answer, curl believes the last.
  const code = ended === 0 && size !== length ? partial : ended;
  if (code === 63 || code === 153 || code === 23) {
    const announced = head === undefined ? 0 : Number(head.headers["content-length"] ?? 0);
    refuseTooLarge(withoutCredentials(request.url), Math.max(announced, size, code === 23 ? 0 : (maxBytes ?? 0) + 1), maxBytes);
  }
  if (code !== 0 || (head?.status !== 200 && head?.status !== 206)) throw troubleOfCurl({ code, head, said }, asked.host);
}

/** Why an attempt failed, and whether another one may succeed. */
function troubleOfCurl({ code, head, said }: Attempt, host: string): TransferError {
  const refusal = code === 22 && head !== undefined ? statusTrouble(head.status, head.headers["retry-after"], Date.now()) : undefined;
  if (refusal !== undefined) return refusal;
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  // Advice for people at a terminal follows it.
  const words = (lines.find((line) => line.startsWith("curl: ")) ?? lines.at(-1))?.replace(/^curl: /, "").trim();
  const tunnel = /(?:response|HTTP code) (\d{3})(?: from proxy)?/.exec(code === 56 && /CONNECT/.test(said) ? said : "")?.[1];
  if (tunnel !== undefined) return proxyTrouble(Number(tunnel), host);
  const trouble = aboutTls.has(code) ? tlsTrouble(words ?? "", host) : undefined;
  if (trouble !== undefined) return new TransferError(trouble.message, { again: false, hint: trouble.hint });
  const hint =
    code === tooManyRedirects
      ? "Check the address: the server redirects in a circle."
      : "Check the address, and the way from the host to it.";
  return new TransferError(words ?? `curl ended with ${code}`, {
    again: again.has(code),
    hint,
    ...(head === undefined ? {} : { status: head.status }),
  });
}

/** Completes the file (`Transport.finish`). */
async function finish({ run, files, request }: Transfer): ReturnType<Transport["finish"]> {
  const { to, digests, maxBytes } = request;
  const bytes = await sizeNow({ files, request });
  refuseTooLarge(withoutCredentials(request.url), bytes, maxBytes);
  // Zeros become holes where the filesystem supports it.
  await run({ program: "fallocate", args: ["--dig-holes", to], timeoutMs: longMs }).catch(onlyCommandErrors);
  await run({ program: "sync", args: ["--", to], timeoutMs: longMs });
  return { bytes, digests: await files.digest(to, digests) };
}

/** How curl ended. */
interface Attempt {
  readonly code: number;
  /** Of the last answer. */
  readonly head: Head | undefined;
  readonly said: string;
}

/** One request, with the redirections that it meets. Throws a TransferError where what had come is of another version, and removes it. */
async function follow(transfer: Transfer, asked: URL): Promise<Attempt> {
  const { files, request, addresses, assembled } = transfer;
  const { to } = request;
  const shown = withoutCredentials(asked === addresses[0] ? request.url : asked.href);
  const asking = assembled.ask(asked, await sizeNow(transfer));
  const { resuming } = asking;
  // Without an offset, the first bytes of a body take the place of what is there. An error leaves it: curl writes no body of one.
  const offset = resuming === undefined ? 0 : asking.bytes;
  let address = asked;
  for (let hops = 0; ; hops += 1) {
    const own = address.origin === asked.origin && (request.sharedAccess === true || asked.origin === addresses[0]?.origin);
    const tell = ({ status, headers }: Head) => {
      const length = headers["content-length"];
      if (length !== undefined) transfer.tell(Number(length) + (status === 206 ? offset : 0));
    };
    const ending = await runCurl(transfer.run, request, { address, offset, resuming, own }, tell);
    const { code, head } = ending;
    const status = head?.status ?? 0;
    const location = head?.headers.location;
    if (moved.has(status) && location !== undefined) {
      address = nextAddress(address, String(location), request.insecureRedirects);
      if (hops < maxRedirects) continue;
      return { code: tooManyRedirects, head: undefined, said: `it redirects more than ${maxRedirects} times` };
    }
    if (head === undefined) return ending;
    if (status === 200 || status === 206) {
      try {
        refuseEncoding(shown, address.pathname, head.headers["content-encoding"]);
      } catch (error) {
        await files.truncate(to, offset);
        throw error;
      }
    }
    const judged = assembled.judge(asking, status, head.headers);
    const verdict =
      resuming !== undefined && cannotContinue.has(code) && judged.kind !== "nothing" ? ({ kind: "changed" } as const) : judged;
    assembled.accept(asking, verdict);
    if (verdict.kind === "changed") {
      await files.truncate(to, 0);
      throw changedMeanwhile();
    }
    // Of a status that is no error, curl writes the body: a page, or a part that was not asked for.
    if (verdict.kind === "nothing" && status < 400 && ![204, 304].includes(status)) {
      await files.truncate(to, offset);
      return { ...ending, code: 22 };
    }
    // The connection ended before the body: what is there is not of this answer. A body of the same length is sent again.
    if (verdict.kind === "whole" && code !== 0 && asking.bytes > 0 && (await sizeNow(transfer)) === asking.bytes)
      await files.truncate(to, 0);
    if (verdict.kind === "whole" && request.record !== undefined) {
      const record = downloadRecord(request, verdict.validators, transfer.boot);
      await files.change([{ do: "write", path: request.record, data: `${JSON.stringify(record)}\n`, mode: 0o600, staged: true }], "later");
    }
    return ending;
  }
}

async function runCurl(
  run: Run,
  request: Download,
  at: {
    readonly address: URL;
    readonly offset: number;
    readonly resuming: Readonly<Record<string, string>> | undefined;
    /** The address is on the server that the access is for. */
    readonly own: boolean;
  },
  tell: (head: Head) => void,
): Promise<Attempt> {
  const { maxBytes, to, signal, access } = request;
  const { address, offset, resuming, own } = at;
  const condition = resuming?.["if-range"];
  const options = [
    "silent",
    "show-error",
    "fail",
    "globoff",
    `proto = "=http,https"`,
    // Redirections are followed here. With these two, curl ends at one and does not write its body.
    "location",
    "max-redirs = 0",
    "connect-timeout = 30",
    // 64KiB in two minutes.
    "speed-limit = 546",
    "speed-time = 60",
    `user-agent = "virtform"`,
    `header = "Accept-Encoding: identity"`,
    ...Object.entries((own ? access?.headers : undefined) ?? {}).map(([name, value]) => `header = ${quoted(`${name}: ${value}`)}`),
    `dump-header = "-"`,
    `output = ${quoted(to)}`,
    ...(offset === 0 ? [] : [`continue-at = ${offset}`]),
    ...(condition === undefined ? [] : [`header = ${quoted(`If-Range: ${condition}`)}`]),
    ...(maxBytes === undefined ? [] : [`max-filesize = ${Math.max(1, maxBytes)}`]),
    `url = ${quoted(address.href)}`,
  ];
  const heads: string[] = [];
  const onLine = (line: string) => {
    if (/^HTTP\//.test(line)) heads.length = 0;
    if (heads.length < maxHeadLines) heads.push(line.slice(0, 8192));
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
    if (error.reason === "aborted") throw interrupted(`The download of ${withoutCredentials(request.url)}`);
    if (/SIGXFSZ/.test(error.message)) return { code: 153, head: parseHead(heads), said: "" };
    throw error;
  }
}

const maxHeadLines = 200;

/** The last answer's head from its lines. */
export function parseHead(lines: readonly string[]): Head | undefined {
  const status = /^HTTP\/[\d.]+ (\d+)/.exec(lines[0] ?? "")?.[1];
  if (status === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] ??= line.slice(colon + 1).trim();
  }
  return { status: Number(status), headers };
}

/** A value in curl's configuration language. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function onlyCommandErrors(error: unknown): void {
  if (!(error instanceof CommandError)) throw error;
}
