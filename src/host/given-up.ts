import { type UserError, userError } from "../model/errors.ts";
import type { Download } from "../model/host.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import type { AddressTurn, AttemptFailure } from "./address-turn.ts";

/**
 * The error of a download that is not tried again. `cannot`: who cannot do what, for example `Cannot download`. Its cause says that the file is not there
 * (404, 410) only where every address was answered that.
 */
export function givenUp(
  { url, explain }: Pick<Download, "url" | "explain">,
  cannot: string,
  { failures, reasons }: Pick<AddressTurn, "failures" | "reasons">,
  hint: string,
): UserError {
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

/** What the other addresses answered, as the end of a detail; empty where only one was asked. */
export function othersOf(reasons: readonly AttemptFailure[]): string {
  const others = reasons.slice(0, -1).map(({ address, because }) => `${withoutCredentials(address.href)}: ${because}`);
  return others.length === 0 ? "" : ` Other addresses of it: ${others.join("; ")}.`;
}
