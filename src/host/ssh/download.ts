import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { isBusyStatus } from "../../model/busy-status.ts";
import { CodedError, CommandError, RefusedError } from "../../model/errors.ts";
import type { Command, CommandResult, Download, Files, Transferred } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import type { Validators } from "../../model/web-access.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { type AddressTurn, takeTurns } from "../address-turn.ts";
import { bytesToKeep, downloadRecord, recordedValidators } from "../download-record.ts";
import { givenUp } from "../given-up.ts";
import { refuseTooLarge } from "../sink.ts";
import { webAddress } from "../web/address.ts";
import { refuseEncoding } from "../web/content-encoding.ts";
import { nextAddress } from "../web/redirect.ts";
import { continues, resumeHeaders, validatorsOf } from "../web/resume.ts";
import { statusTrouble } from "../web/transfer-error.ts";

/** How often a transfer is retried, and after which pauses. */
export interface CurlPatience {
  readonly retries: number;
  readonly pauseMs: number;
  /** No pause is longer, whatever the server asks for. */
  readonly maxPauseMs: number;
}

const usual: CurlPatience = { retries: 3, pauseMs: 1000, maxPauseMs: 60_000 };
const longMs = 24 * 3_600_000;
/** Interval of progress reports. */
const lookMs = 1000;

/** Exit code of curl for a transfer that ended early. */
const partial = 18;
/** Exit codes of curl that are worth a retry: names, connections, timeouts, partial transfers. */
const again = new Set([6, 7, partial, 28, 35, 52, 55, 56, 92]);
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
export async function downloadWithCurl(run: Run, files: Files, request: Download, patience: CurlPatience = usual): Promise<Transferred> {
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
  const transfer: Transfer = { run, files, request, addresses, boot, patience, validators, tell, ...unproven };
  let done: Transferred;
  try {
    done = await persist(transfer);
  } catch (error) {
    if (record !== undefined && error instanceof CodedError && !(error instanceof RefusedError) && error.code !== "no-space") undo.move();
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
  readonly boot: string;
  readonly patience: CurlPatience;
  readonly tell: (total: number) => void;
  /** Of the version that the bytes so far are from. */
  validators: Validators;
  /** The address that gave the last bytes, and the one that the validators are of; undefined: an earlier run asked it. */
  from: URL | undefined;
  versionOf: URL | undefined;
  /** Bytes of several addresses, or of an earlier run, are put together. */
  mixed: boolean;
  /** They do not have the expected digest: from now on the bytes of one address are not continued from another. */
  strict: boolean;
}

const unproven = { from: undefined, versionOf: undefined, mixed: false, strict: false };

async function persist(transfer: Transfer): Promise<Transferred> {
  const { files, request, addresses, patience } = transfer;
  const { to, maxBytes, signal, retryMs } = request;
  const retries = request.retries ?? (retryMs === undefined ? patience.retries + addresses.length - 1 : Number.POSITIVE_INFINITY);
  const shown = withoutCredentials(request.url);
  const sizeNow = async () => (await files.stat(to))?.size ?? 0;
  const turn = takeTurns(addresses, await sizeNow(), { retries, retryMs, now: () => performance.now() });
  for (;;) {
    const asked = turn.address;
    let failure: CurlFailure;
    try {
      const { code: ended, head, said, restarted } = await attempt(transfer, asked);
      const size = await sizeNow();
      const { length = size } = transfer.validators;
      // Of two lengths in one answer, curl believes the last.
      const code = ended === 0 && !restarted && size !== length ? partial : ended;
      if (code === 63 || code === 153 || code === 23) {
        const announced = head === undefined ? 0 : Number(head.headers["content-length"] ?? 0);
        refuseTooLarge(shown, Math.max(announced, size, code === 23 ? 0 : (maxBytes ?? 0) + 1), maxBytes);
      }
      const isWhole = code === 0 && !restarted && (head?.status === 200 || head?.status === 206);
      const done = isWhole ? await finished(transfer, turn) : undefined;
      if (done !== undefined && "bytes" in done) return done;
      failure = done ?? failureOfCurl({ code, head, said }, restarted);
    } catch (error) {
      // What one server sends must not be used; another one may send what it should.
      if (!(error instanceof RefusedError) || request.expected === undefined || addresses.length === 1) throw error;
      const again = error.code === "image-too-large" && transfer.mixed;
      if (error.code === "image-too-large") await startOver(transfer, turn);
      failure = { because: error.summary, again, hint: error.detail, refused: error, cause: error };
    }
    if (!turn.failed({ ...failure, address: asked }, await sizeNow()))
      throw givenUp(request, "The host cannot download", turn, failure.hint, failure.refused);
    const because = addresses.length === 1 ? failure.because : `${asked.host}: ${failure.because}`;
    request.onRetry?.({ attempt: turn.failures + 1, because, ...(Number.isFinite(retries) ? { of: retries + 1 } : {}) });
    if (!failure.again) continue;
    const wait = Math.min(patience.maxPauseMs, Math.max(patience.pauseMs * 2 ** (turn.failures - 1), failure.waitMs ?? 0));
    await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw interrupted(`The download of ${shown}`);
    });
  }
}

/** Why an attempt failed, and whether another one may succeed. */
interface CurlFailure {
  readonly because: string;
  readonly again: boolean;
  readonly hint: string;
  readonly status?: number | undefined;
  readonly refused?: RefusedError;
  /** How long the server asked to wait. */
  readonly waitMs?: number | undefined;
  readonly cause: unknown;
}

function failureOfCurl({ code, head, said }: Pick<Attempt, "code" | "head" | "said">, restarted: boolean): CurlFailure {
  const refusal = refusalOf({ code, head });
  const words = said
    .split("\n")
    .map((line) => line.replace(/^curl: /, "").trim())
    .filter((line) => line !== "")
    .at(-1);
  const because = restarted ? "the file changed while it was read" : (refusal?.message ?? words ?? `curl ended with ${code}`);
  return {
    because,
    again: restarted || again.has(code) || (code === 22 && isBusyStatus(head?.status ?? 0)),
    hint:
      refusal?.hint ??
      (code === tooManyRedirects
        ? "Check the address: the server redirects in a circle."
        : "Check the address, and the way from the host to it."),
    status: head?.status,
    waitMs: refusal?.waitMs,
    cause: refusal,
  };
}

/** The result of a whole file, or that it does not have the expected digest, where another address may give it. */
async function finished(transfer: Transfer, turn: AddressTurn): Promise<Transferred | CurlFailure> {
  const asked = turn.address;
  const { run, files, request, addresses, mixed } = transfer;
  const { to, digests, expected, maxBytes } = request;
  const bytes = (await files.stat(to))?.size ?? 0;
  refuseTooLarge(withoutCredentials(request.url), bytes, maxBytes);
  // Zeros become holes where the filesystem supports it.
  await run({ program: "fallocate", args: ["--dig-holes", to], timeoutMs: longMs }).catch(onlyCommandErrors);
  await run({ program: "sync", args: ["--", to], timeoutMs: longMs });
  const found = await files.digest(to, digests);
  const received = expected === undefined ? undefined : found[expected.algorithm];
  if (addresses.length > 1 && expected !== undefined && received !== expected.hex) {
    await startOver(transfer, turn);
    const because = mixed
      ? "what several servers gave does not have the checksum together"
      : `its content has another checksum, ${expected.algorithm}:${received}`;
    return { because, again: mixed, hint: "Remove the address, or correct the checksum.", cause: undefined };
  }
  const isOwn = addresses.length === 1 || transfer.versionOf === addresses[0];
  return {
    bytes,
    digests: found,
    ...(isOwn ? { validators: transfer.validators } : {}),
    ...(asked === addresses[0] ? {} : { mirror: withoutCredentials(asked.href) }),
  };
}

/** Removes all bytes. From now on those of one address are not continued from another. */
async function startOver(transfer: Transfer, turn: AddressTurn): Promise<void> {
  await transfer.files.truncate(transfer.request.to, 0);
  transfer.validators = {};
  transfer.strict = true;
  transfer.mixed = false;
  turn.restarted();
}

interface Attempt {
  readonly code: number;
  readonly head: Head | undefined;
  readonly said: string;
  readonly address: URL;
}

/** One request, with the redirections that it meets. `restarted`: what had come was of another version and is gone. */
async function attempt(transfer: Transfer, asked: URL): Promise<Attempt & { readonly restarted: boolean }> {
  const { files, request } = transfer;
  const { to } = request;
  const shown = withoutCredentials(asked === transfer.addresses[0] ? request.url : asked.href);
  const done = (await files.stat(to))?.size ?? 0;
  const isOther = transfer.from !== asked;
  // The expected digest proves that what several addresses give belongs together.
  const immutable = request.immutable === true || (transfer.addresses.length > 1 && request.expected !== undefined && !transfer.strict);
  const resuming = isOther && transfer.strict ? undefined : resumeHeaders(done, transfer.validators, immutable);
  if (done > 0 && resuming === undefined) await files.truncate(to, 0);
  const offset = resuming === undefined ? 0 : done;
  let address = asked;
  for (let hops = 0; ; hops += 1) {
    const own = address.origin === asked.origin && (request.sharedAccess === true || asked.origin === transfer.addresses[0]?.origin);
    const tell = ({ status, headers }: Head) => {
      const length = headers["content-length"];
      if (length !== undefined) transfer.tell(Number(length) + (status === 206 ? offset : 0));
    };
    const { code, head, said } = await runCurl(transfer.run, request, { address, offset, resuming, own }, tell);
    const status = head?.status ?? 0;
    const location = head?.headers.location;
    if (moved.has(status) && location !== undefined) {
      await files.truncate(to, offset);
      address = nextAddress(address, String(location), request.insecureRedirects);
      if (hops < maxRedirects) continue;
      return { code: tooManyRedirects, head: undefined, said: `it redirects more than ${maxRedirects} times`, address, restarted: false };
    }
    const result = { code, head, said, address, restarted: false };
    if (head === undefined) return result;
    if (status === 200 || status === 206) {
      try {
        refuseEncoding(shown, address.pathname, head.headers["content-encoding"]);
      } catch (error) {
        await files.truncate(to, offset);
        throw error;
      }
    }
    const changed = status === 206 && continues(head.headers, offset, transfer.validators, immutable) === undefined;
    if (resuming !== undefined && (changed || status === 416 || cannotContinue.has(code))) {
      await files.truncate(to, 0);
      transfer.validators = {};
      return { ...result, restarted: true };
    }
    if (status === 206 && resuming === undefined) {
      await files.truncate(to, 0);
      return { ...result, code: 22 };
    }
    if (status === 206) {
      transfer.mixed ||= isOther;
      transfer.from = asked;
    }
    if (status !== 200) return result;
    transfer.validators = validatorsOf(head.headers);
    [transfer.from, transfer.versionOf, transfer.mixed] = [asked, asked, false];
    if (request.record !== undefined) {
      const record = downloadRecord(request, transfer.validators, transfer.boot);
      await files.change([{ do: "write", path: request.record, data: `${JSON.stringify(record)}\n`, mode: 0o600, staged: true }], "later");
    }
    return result;
  }
}

async function runCurl(
  run: Run,
  request: Download,
  at: {
    readonly address: URL;
    readonly offset: number;
    readonly resuming: Record<string, string> | undefined;
    /** The address is on the server that the access is for. */
    readonly own: boolean;
  },
  tell: (head: Head) => void,
): Promise<Omit<Attempt, "address">> {
  const { maxBytes, to, signal, access } = request;
  const { address, offset, resuming, own } = at;
  const condition = resuming?.["if-range"];
  const options = [
    "silent",
    "show-error",
    "fail",
    "globoff",
    `proto = "=http,https"`,
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

/** What the server's answer means, where it is one that curl fails for. */
function refusalOf({ code, head }: Pick<Attempt, "code" | "head">) {
  return code === 22 && head !== undefined ? statusTrouble(head.status, head.headers["retry-after"], Date.now()) : undefined;
}
