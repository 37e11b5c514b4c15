import { CodedError } from "../../model/errors.ts";

/** libvirt's error numbers that decisions depend on (virterror.h). */
export const errorCodes = {
  internalError: 1,
  noSupport: 3,
  noConnect: 5,
  invalidArgument: 8,
  operationFailed: 9,
  operationDenied: 29,
  systemError: 38,
  noDomain: 42,
  noNetwork: 43,
  authFailed: 45,
  operationInvalid: 55,
  noFilter: 62,
  noSecret: 66,
  noFilterBinding: 101,
  noBackup: 104,
  authCancelled: 79,
  accessDenied: 88,
  authUnavailable: 94,
} as const;

/** Parts of libvirt that errors come from (virterror.h). */
export const errorDomains = {
  rpc: 7,
  qemu: 10,
  lxc: 17,
  network: 19,
  domain: 20,
  secret: 30,
  dbus: 47,
  access: 55,
  polkit: 60,
  logging: 63,
} as const;

const libvirtLog = "The log of libvirt on the host may say more: journalctl -u libvirtd.";

/** A refusal by libvirt: what failed, libvirt's words, and its numbers, which alone decide what happens next. */
export class LibvirtError extends CodedError {
  override readonly name = "LibvirtError";
  /** libvirt's error number: 42 for a domain that does not exist. */
  readonly number: number;
  /** The part of libvirt that refused. */
  readonly domain: number;
  /** The system's error number where a system call failed. */
  readonly errno: number | null;
  /** libvirt's own words. */
  readonly words: string;
  /** The procedure that was refused: `DOMAIN_CREATE_WITH_FLAGS`. */
  readonly procedure: string;
  /** `what` failed, and the remedy where one is known; without them the words alone. */
  constructor(
    fields: Pick<LibvirtError, "number" | "domain" | "errno" | "words" | "procedure">,
    more: { readonly what?: string; readonly remedy?: string | undefined; readonly cause?: unknown } = {},
  ) {
    const summary = more.what === undefined ? fields.words : `${more.what}: ${fields.words}`;
    super([{ severity: "error", code: "libvirt-refused", summary, detail: more.remedy ?? libvirtLog }], {
      cause: more.cause,
    });
    this.number = fields.number;
    this.domain = fields.domain;
    this.errno = fields.errno;
    this.words = fields.words;
    this.procedure = fields.procedure;
  }
}

/** Whether an error is a refusal by libvirt with one of these numbers. */
export function isRefusal(error: unknown, ...numbers: readonly number[]): error is LibvirtError {
  return error instanceof LibvirtError && numbers.includes(error.number);
}
