import type { IncomingHttpHeaders } from "node:http";
import type { Digests, Download, Transferred } from "../model/host.ts";
import type { Validators } from "../model/web-access.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { continues, provable, resumeHeaders, validatorsOf } from "./web/resume.ts";
import { TransferError } from "./web/transfer-error.ts";

/** How an address is asked for the file, or for the rest of it. */
export interface Asking {
  readonly asked: URL;
  /** Bytes that are there. */
  readonly bytes: number;
  /** The headers that ask for the rest; undefined: the whole file is asked for. */
  readonly resuming: Readonly<Record<string, string>> | undefined;
  /** What comes is proven by its digest, and not by validators. */
  readonly immutable: boolean;
}

/** What the head of an answer means for the bytes that are there. */
export type Verdict =
  /** Its body belongs behind them. `total`: length of the whole file, where it is known. */
  | { readonly kind: "rest"; readonly total: number | undefined }
  /** Its body is the whole file and takes their place. */
  | { readonly kind: "whole"; readonly validators: Validators }
  /** They are of another version and have to go. */
  | { readonly kind: "changed" }
  /** It brings nothing of the file, so they stay. */
  | { readonly kind: "nothing" };

/** Where the bytes of one file are from, which several addresses may give, and whether another address may continue them. No effects. */
export interface Assembled {
  /** Of the version that the bytes are from. */
  readonly validators: Validators;
  /** Bytes of several addresses, or of an earlier run, are put together. */
  readonly mixed: boolean;
  /** A later run can go on with these bytes: their validators, an expected digest or the address prove the rest. */
  readonly continuable: boolean;
  ask(asked: URL, bytes: number): Asking;
  judge(asking: Asking, status: number, headers: IncomingHttpHeaders): Verdict;
  /** The bytes of the answer are taken as the verdict says. */
  accept(asking: Asking, verdict: Verdict): void;
  /** All bytes were removed, because they are not those that are wanted. From now on those of one address are not continued from another. */
  startOver(): void;
  /** Why the whole file is not what is wanted; undefined where it may be, and where no other address can give it. */
  mismatch(digests: Digests): TransferError | undefined;
  /** What the result says about its origin. `asked`: the address that gave the last bytes. */
  origin(asked: URL): Pick<Transferred, "validators" | "mirror">;
}

/** Starts with bytes of an earlier run, which these validators are of, or with none. `addresses`: those of the request, its own first. */
export function createAssembled(
  { expected, immutable }: Pick<Download, "expected" | "immutable">,
  addresses: readonly URL[],
  recorded: Validators,
): Assembled {
  let validators = recorded;
  /** The address that gave the last bytes, and the one that the validators are of; undefined: an earlier run asked it. */
  let from: URL | undefined;
  let versionOf: URL | undefined;
  let mixed = false;
  /** Bytes of several addresses did not have the expected digest. */
  let strict = false;
  const several = addresses.length > 1;
  const always = immutable === true || (several && expected !== undefined);
  return {
    get validators() {
      return validators;
    },
    get mixed() {
      return mixed;
    },
    get continuable() {
      return always || provable(validators);
    },
    ask(asked, bytes) {
      // The expected digest proves that what several addresses give belongs together.
      const proven = immutable === true || (several && expected !== undefined && !strict);
      const resuming = strict && from !== asked ? undefined : resumeHeaders(bytes, validators, proven);
      return { asked, bytes, resuming, immutable: proven };
    },
    judge({ bytes, resuming, immutable: proven }, status, headers) {
      if (status === 200) return { kind: "whole", validators: validatorsOf(headers) };
      if (resuming === undefined || (status !== 206 && status !== 416)) return { kind: "nothing" };
      const rest = status === 206 ? continues(headers, bytes, validators, proven) : undefined;
      return rest === undefined ? { kind: "changed" } : { kind: "rest", total: rest.total };
    },
    accept({ asked }, verdict) {
      if (verdict.kind === "nothing") return;
      if (verdict.kind === "changed") {
        validators = {};
        return;
      }
      if (verdict.kind === "rest") mixed ||= from !== asked;
      else [validators, versionOf, mixed] = [verdict.validators, asked, false];
      from = asked;
    },
    startOver() {
      validators = {};
      strict = true;
      mixed = false;
    },
    mismatch(digests) {
      if (!several || expected === undefined) return undefined;
      const received = digests[expected.algorithm];
      if (received === expected.hex) return undefined;
      return new TransferError(
        mixed
          ? "what several servers gave does not have the checksum together"
          : `its content has another checksum, ${expected.algorithm}:${received}`,
        { again: mixed, hint: "Remove the address, or correct the checksum." },
      );
    },
    origin: (asked) => ({
      ...(!several || versionOf === addresses[0] ? { validators } : {}),
      ...(asked === addresses[0] ? {} : { mirror: withoutCredentials(asked.href) }),
    }),
  };
}

/** Where an answer is of another version than the bytes that are there. */
export function changedMeanwhile(): TransferError {
  return new TransferError("the file changed while it was read", { again: true });
}
