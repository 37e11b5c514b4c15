import { CodedError, RefusedError } from "../model/errors.ts";

/** Whether the bytes that came before a failed download are good, so that another run can continue it. */
export function isResumable(error: unknown): boolean {
  return error instanceof CodedError && !(error instanceof RefusedError) && error.code !== "no-space";
}
