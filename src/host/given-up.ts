import { type CodedError, RefusedError, userError } from "../model/errors.ts";
import type { Download } from "../model/host.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import type { AddressTurn, AttemptFailure } from "./address-turn.ts";

/**
 * The error of a download that is not tried again. `cannot` begins the summary: `Cannot download`. Its cause says that the file is not there (404, 410) only
 * where every address was answered that. `refused`: the last answer must not be used. The error is a RefusedError only where no address may give the
 * file later, because what has come is removed after one.
 */
export function givenUp(
  { url, explain }: Pick<Download, "url" | "explain">,
  cannot: string,
  { failures, reasons }: Pick<AddressTurn, "failures" | "reasons">,
  hint: string,
  refused?: RefusedError,
): CodedError {
  if (refused !== undefined && reasons.every(({ again }) => !again))
    return new RefusedError(refused.code, refused.summary, `${refused.detail}${othersOf(reasons)}`);
  const last = reasons.at(-1) as AttemptFailure;
  const words = last.status === undefined ? undefined : explain?.(last.status);
  const tried = failures > 1 ? ` Tried ${failures} times in a row without getting further.` : "";
  const shown = withoutCredentials(last.address.origin === URL.parse(url)?.origin && reasons.length === 1 ? url : last.address.href);
  const others = othersOf(reasons);
  const failure =
    words === undefined
      ? userError("download-failed", `${cannot} ${shown}: ${last.because}`, `${hint}${tried}${others}`)
      : userError(words.code, words.summary, `${words.detail}${tried}${others}`);
  failure.cause = (reasons.find(({ status }) => status !== 404 && status !== 410) ?? last).cause;
  return failure;
}

/** Why the other addresses failed, as the end of a detail; empty where only one was asked. */
function othersOf(reasons: readonly AttemptFailure[]): string {
  const others = reasons.slice(0, -1).map(({ address, because }) => `${withoutCredentials(address.href)}: ${because}`);
  return others.length === 0 ? "" : ` The other addresses failed as well: ${others.join("; ")}.`;
}
